/** Completions for bash, zsh and fish, made from what each program says with -h (as the man pages are). */

import { flagsOf, readUsage, type UsageItem } from '../man/usage.ts';

/** What stands after a flag. */
type Argument = 'none' | 'file' | 'word';

interface Flag {
  readonly flag: string;
  readonly argument: Argument;
  readonly text: string;
}

/** What can be typed after a program or one of its subcommands. */
export interface Completion {
  /** Words before: the program, perhaps a subcommand. */
  readonly words: readonly string[];
  readonly flags: readonly Flag[];
  readonly commands: readonly { readonly name: string; readonly text: string }[];
  readonly takesFiles: boolean;
}

/** Types of records that a mail admin asks for. */
const TYPES = 'A AAAA CAA CNAME DNAME DNSKEY DS HTTPS MX NS NSEC3PARAM PTR SMIMEA SOA SRV SSHFP SVCB TLSA TXT'.split(
  ' ',
);
/** Names of arguments that are paths. */
const FILES = /^<?(file|config|configfile|keyfile|namedkeyfile|resolv\.conf|root\.hints|dir)>?$/i;

/** What a -h text offers. */
export function completionOf(words: readonly string[], help: string): Completion {
  const parts = readUsage(help);
  const flags = parts.flatMap((part) => (part.kind === 'options' ? part.items.flatMap(readFlags) : []));
  const commands = parts.flatMap((part) => (part.kind === 'commands' ? part.items.flatMap(readCommands) : []));
  const synopses = parts.flatMap((part) => (part.kind === 'synopsis' ? part.lines : []));
  const takesFiles = synopses.some((line) => /(\] |^\S+ )\[?FILE\]?( |$)/i.test(line));
  const named = synopses.flatMap((line) => namedIn(line, words));
  return {
    words,
    flags: unique([...synopses.flatMap(flagsIn), ...flags]),
    commands: [...commands, ...named],
    takesFiles,
  };
}

/** Flags of a synopsis, which the list of options need not tell again. */
function flagsIn(line: string): Flag[] {
  return [...line.matchAll(/(--[a-z][\w-]*|(?<=[[ ])-[A-Z])(?: ([A-Z]+))?/g)].map(([, flag = '', argument = '']) => ({
    flag,
    argument: argumentOf(argument),
    text: '',
  }));
}

/** Lower-case words that a synopsis has after the program and its subcommand: `check`, `status|next`. */
function namedIn(line: string, words: readonly string[]): { name: string; text: string }[] {
  const names: string[] = [];
  for (const word of line.split(' ').slice(words.length)) {
    if (!/^[a-z]+(\|[a-z]+)*$/.test(word) || words.length < 2) break;
    names.push(...word.split('|'));
  }
  return names.map((name) => ({ name, text: '' }));
}

function unique(flags: readonly Flag[]): Flag[] {
  return [...new Map(flags.map((flag) => [flag.flag, flag])).values()];
}

/** Flags of one term: each alternative between bars; what stands after the last of an alternative is meant for all of it. */
function readFlags({ term, text }: UsageItem): Flag[] {
  return term.split('|').flatMap((alternative) => {
    const names = flagsOf(alternative);
    // `--port N, --protocol P` is two flags with an argument each, `-C, --config FILE` one by two names.
    const own = alternative.split(',').map((each) => each.trim().split(/[ =]/)[1] ?? '');
    return names.map((flag, i) => ({ flag, argument: argumentOf(own[i] || own.at(-1) || ''), text }));
  });
}

function argumentOf(word: string): Argument {
  if (word === '') return 'none';
  return FILES.test(word.replaceAll(/['"]/g, '')) ? 'file' : 'word';
}

/** Names of the commands in one term: lower-case words that begin an alternative. */
function readCommands({ term, text }: UsageItem): { name: string; text: string }[] {
  const bare = term.replaceAll(/\[[^\]]*\]/g, '');
  const names = bare.split(/[|,]/).flatMap((alternative) => /^\s*([a-z][a-z0-9_]+)/.exec(alternative)?.[1] ?? []);
  const also = /\balso (.*)$/.exec(text)?.[1]?.match(/\b[a-z]+(?:_[a-z]+)+\b/g) ?? [];
  return [...names, ...also].map((name) => ({ name, text: text.replace(/;? ?\balso .*$/, '') }));
}

/** Quotes a word for a POSIX shell. */
const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** All words of a level, parted by blanks. */
const offered = ({ flags, commands }: Completion): string =>
  [...new Set([...flags.map(({ flag }) => flag), ...commands.map(({ name }) => name)])].join(' ');

/** A branch of bash's `case` for the flags with such an argument; none without such flags. */
function bashBranch({ flags }: Completion, argument: Argument, action: string): string[] {
  const names = flags.filter((each) => each.argument === argument).map(({ flag }) => flag);
  return names.length === 0 ? [] : [`        ${names.join('|')}) ${action} ;;`];
}

/** A file for bash-completion; `levels` are the program and its subcommands. */
export function bashCompletion(levels: readonly Completion[]): string {
  const [program] = levels;
  const name = program?.words[0] ?? '';
  const fn = `_${name.replaceAll('-', '_')}`;
  const cases = [...levels].sort((a, b) => b.words.length - a.words.length).map(bashCase);
  return `# bash completion for ${name}; made by npm run docs:man
${fn}() {
  local cur prev words=" \${COMP_WORDS[*]:1:COMP_CWORD-1} "
  cur=\${COMP_WORDS[COMP_CWORD]}
  prev=\${COMP_WORDS[COMP_CWORD-1]}
  COMPREPLY=()
  case $words in
${cases.join('\n')}
  esac
}
complete -o bashdefault -o default -F ${fn} ${name}
`;
}

function bashCase(level: Completion): string {
  const pattern = level.words.length > 1 ? `" ${level.words.slice(1).join(' ')} "*` : '*';
  const files = level.takesFiles ? '\n      [[ $cur != -* ]] && COMPREPLY+=($(compgen -f -- "$cur"))' : '';
  const branches = [
    ...bashBranch(level, 'file', 'COMPREPLY=($(compgen -f -- "$cur")); return'),
    ...bashBranch(level, 'word', 'return'),
  ];
  const values = branches.length === 0 ? '' : `      case $prev in\n${branches.join('\n')}\n      esac\n`;
  return `    ${pattern})
${values}      COMPREPLY=($(compgen -W "${offered(level)}${asksTypes(level) ? ` ${TYPES.join(' ')}` : ''}" -- "$cur"))${files}
      ;;`;
}

/** Whether a type may follow a name. */
const asksTypes = ({ words }: Completion): boolean => ['explain', 'trace'].includes(words[1] ?? '');

/** A file for zsh. */
export function zshCompletion(levels: readonly Completion[]): string {
  const [program, ...below] = levels;
  const name = program?.words[0] ?? '';
  const top = program === undefined ? '' : `_arguments ${zshArguments(program)}`;
  const cases = below.map(
    (level) => `    ${level.words[1]}) shift words; (( CURRENT-- )); _arguments ${zshArguments(level)} ;;`,
  );
  const body =
    cases.length === 0
      ? top
      : `if (( CURRENT > 2 )); then\n  case "$words[2]" in\n${cases.join('\n')}\n  esac\nelse\n  ${top}\nfi`;
  return `#compdef ${name}\n# zsh completion for ${name}; made by npm run docs:man\n${body}\n`;
}

function zshArguments(level: Completion): string {
  const explained = (text: string): string => text.replaceAll(/[[\]:]/g, ' ');
  const flags = level.flags.map(({ flag, argument, text }) => {
    const after = argument === 'none' ? '' : argument === 'file' ? ':file:_files' : ':value: ';
    return quoted(`${flag}[${explained(text)}]${after}`);
  });
  const names = [...new Set(level.commands.map(({ name }) => name))].join(' ');
  const rest = level.takesFiles
    ? [quoted('*:file:_files')]
    : asksTypes(level)
      ? [quoted(`*:name or type:(${TYPES.join(' ')})`)]
      : [];
  const commands = names === '' ? rest : [quoted(`${level.takesFiles ? 1 : '*'}:command:(${names})`), ...rest];
  return [...flags, ...commands].join(' ');
}

/** A file for fish. */
export function fishCompletion(levels: readonly Completion[]): string {
  const name = levels[0]?.words[0] ?? '';
  const lines = levels.flatMap((level) => {
    const [, ...below] = level.words;
    const seen = below.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ');
    const only = levels.length > 1 && below.length === 0 ? '__fish_use_subcommand' : seen;
    const when = only === '' ? '' : ` -n ${quoted(only)}`;
    const flags = level.flags.map(({ flag, argument, text }) => {
      const kind = flag.startsWith('--')
        ? `-l ${flag.slice(2)}`
        : flag.length === 2
          ? `-s ${flag.slice(1)}`
          : `-o ${flag.slice(1)}`;
      const value = argument === 'none' ? '' : argument === 'file' ? ' -r -F' : ' -x';
      return `complete -c ${name}${when} ${kind}${value}${text === '' ? '' : ` -d ${quoted(text)}`}`;
    });
    const commands = level.commands.map(
      ({ name: word, text }) => `complete -c ${name}${when} -f -a ${word}${text === '' ? '' : ` -d ${quoted(text)}`}`,
    );
    const types = asksTypes(level) ? [`complete -c ${name}${when} -f -a ${quoted(TYPES.join(' '))}`] : [];
    return [...flags, ...commands, ...types];
  });
  return `# fish completion for ${name}; made by npm run docs:man\n${lines.join('\n')}\n`;
}
