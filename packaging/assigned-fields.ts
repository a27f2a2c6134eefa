/**
 * Makes assignments in the constructor of a program's class fields. V8 sets declared fields in a function of its own for each class,
 * and first to undefined where the constructor gives the value: two writes, a field that is no constant, and one that holds more than
 * numbers (bench/RESULTS.md).
 *
 * The head of the constructor moves above the first field, which becomes a statement where it stands: lines stay where they are,
 * reports of bugs name them. A field without a value that the constructor assigns in any case goes.
 *
 * Left as they are: classes that extend another, whose fields do not stand together right above the constructor, or where a
 * statement in the constructor could mean something else: it declares a name that a field's value names, computes what a parameter is
 * when it is not given, or the field would be set through its prototype. And where a field is a function that names `this`: V8 makes
 * one that is assigned to a property old from the start, as something that stays, and what it leads to is kept until the next
 * collection of all, however short the object lives.
 */

import { type ESTree, Visitor } from 'rolldown/utils';
import { type Edit, edited, parseScript } from './plain-members.ts';

/** A class's fields, one after the other, and the constructor right behind them; null: it has none. */
interface Fields {
  readonly fields: readonly ESTree.PropertyDefinition[];
  readonly constructed: ESTree.MethodDefinition | null;
}

type Node = { readonly type: string } & Record<string, unknown>;

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value;
}

/** Every node in a tree, names of properties left out. */
function* nodesIn(tree: unknown): Generator<Node> {
  if (Array.isArray(tree)) for (const one of tree) yield* nodesIn(one);
  if (!isNode(tree)) return;
  yield tree;
  for (const [key, value] of Object.entries(tree)) {
    const isName = (key === 'property' || key === 'key') && tree.computed === false;
    if (!isName) yield* nodesIn(value);
  }
}

function identifiersIn(tree: unknown): Set<unknown> {
  return new Set([...nodesIn(tree)].filter(({ type }) => type === 'Identifier').map(({ name }) => name));
}

/** Names that a constructor declares, at any depth: as parameters, variables, functions, classes. */
function declaredIn({ value }: ESTree.MethodDefinition): Set<unknown> {
  const own = [...nodesIn(value.body)].filter(({ type }) => /Declarat/.test(type)).map(({ id }) => id);
  return identifiersIn([value.params, own]);
}

function isInstanceField(member: ESTree.ClassElement): member is ESTree.PropertyDefinition {
  return member.type === 'PropertyDefinition' && !member.static;
}

function isConstructor(member: ESTree.ClassElement): member is ESTree.MethodDefinition {
  return member.type === 'MethodDefinition' && member.kind === 'constructor';
}

function nameOf(member: ESTree.ClassElement): string | null {
  return 'key' in member && !member.computed && member.key.type === 'Identifier' ? member.key.name : null;
}

function bodyOf({ value }: ESTree.MethodDefinition): ESTree.FunctionBody {
  if (value.body === null) throw new Error('a constructor without a body');
  return value.body;
}

/** Whether it computes what a parameter is when it is not given: fields have their values before. */
function computesParameters({ value }: ESTree.MethodDefinition): boolean {
  const given = ['Literal', 'Identifier', 'ArrowFunctionExpression'];
  const defaults = [...nodesIn(value.params)].filter(({ type }) => type === 'AssignmentPattern');
  return defaults.some(({ right }) => isNode(right) && !given.includes(right.type));
}

/** Whether a field's value means the same as a statement at the start of the constructor. */
function meansTheSame(code: string, values: unknown, constructed: ESTree.MethodDefinition): boolean {
  const own = declaredIn(constructed);
  const head = code.slice(constructed.start, bodyOf(constructed).start);
  const isHidden = [...identifiersIn(values)].some((name) => own.has(name));
  return !isHidden && !computesParameters(constructed) && !head.includes('\n');
}

/** Whether it is a function that names `this`. */
function leadsBack(value: ESTree.Expression | null): boolean {
  if (value?.type === 'ParenthesizedExpression') return leadsBack(value.expression);
  const isFunction = value?.type === 'ArrowFunctionExpression' || value?.type === 'FunctionExpression';
  return isFunction && [...nodesIn(value)].some(({ type }) => type === 'ThisExpression');
}

/** The fields that become assignments; null where a class is left as it is. */
function movable(code: string, { superClass, body: { body } }: ESTree.Class): Fields | null {
  const fields = body.filter(isInstanceField);
  const first = body.findIndex(isInstanceField);
  const behind = first + fields.length;
  if (superClass !== null || fields.length === 0 || !body.slice(first, behind).every(isInstanceField)) return null;

  const others = body.filter((member) => !isInstanceField(member));
  const taken = new Set(others.map(nameOf));
  const isPlain = (name: string | null): boolean => name !== null && !taken.has(name) && !(name in Object.prototype);
  if (!fields.every((field) => isPlain(nameOf(field)) && code[field.end - 1] === ';')) return null;

  const values = fields.map(({ value }) => value);
  if ([...nodesIn(values)].some(({ type }) => type === 'MetaProperty')) return null;
  if (values.some(leadsBack)) return null;
  const constructed = others.find(isConstructor) ?? null;
  if (constructed === null) return { fields, constructed };
  return body[behind] === constructed && meansTheSame(code, values, constructed) ? { fields, constructed } : null;
}

/** Name of the own property that a statement sets whenever it is come to; null: it does something else. */
function assignedBy(statement: ESTree.Statement | ESTree.Directive): string | null {
  if (statement.type !== 'ExpressionStatement' || statement.expression.type !== 'AssignmentExpression') return null;
  const { left, operator } = statement.expression;
  if (operator !== '=' || left.type !== 'MemberExpression' || left.computed) return null;
  return left.object.type === 'ThisExpression' && left.property.type === 'Identifier' ? left.property.name : null;
}

/** What becomes of one class. */
function editsOf(code: string, { fields, constructed }: Fields): Edit[] {
  const assigned = new Set(constructed === null ? [] : bodyOf(constructed).body.map(assignedBy));
  const edits = fields.flatMap((field): Edit[] => {
    const { start, end, value } = field;
    const name = nameOf(field);
    if (value !== null) return [{ start, end: start, text: 'this.' }];
    return [{ start, end, text: assigned.has(name) ? '' : `this.${name} = undefined;` }];
  });
  const [start, end] = [fields[0]?.start ?? 0, fields.at(-1)?.end ?? 0];
  if (constructed === null) {
    return [{ start, end: start, text: 'constructor() { ' }, ...edits, { start: end, end, text: ' }' }];
  }
  const head = { start: constructed.start, end: bodyOf(constructed).start + 1 };
  return [{ start, end: start, text: `${code.slice(head.start, head.end)} ` }, ...edits, { ...head, text: '' }];
}

/** The text of a program whose constructors assign what were fields. */
export function withAssignedFields(code: string): string {
  const edits: Edit[] = [];
  const visit = (found: ESTree.Class): void => {
    const fields = movable(code, found);
    if (fields !== null) edits.push(...editsOf(code, fields));
  };
  new Visitor({ ClassDeclaration: visit, ClassExpression: visit }).visit(parseScript(code));
  return edited(code, edits);
}
