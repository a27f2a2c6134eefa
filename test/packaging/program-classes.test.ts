/**
 * Proves that what a build makes of classes (plain members, fields that the constructor assigns) does what the source does, on the same
 * lines, and that it refuses what it cannot make. Proves nothing about speed: bench/RESULTS.md.
 */

import { Script } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { withAssignedFields } from '../../packaging/assigned-fields.ts';
import { withPlainMembers } from '../../packaging/plain-members.ts';
import { grownOld, load } from '../support/old-memory.ts';

/** What the code of a program gives in the end, a promise kept. */
async function resultOf(code: string): Promise<unknown> {
  return (await new Script(code).runInThisContext()) as unknown;
}

function built(code: string): string {
  return withAssignedFields(withPlainMembers(code, ''));
}

/** Each ends in what it gives. */
const PROGRAMS: Record<string, string> = {
  'fields, methods, accessors, statics': `(() => {
    class A {
      #x = 1;
      y = 2;
      static #made = 0;
      static #note() { return ++A.#made; }
      get #double() { return this.#x * 2; }
      set #double(to) { this.#x = to / 2; }
      #add(n) { return this.#x + n; }
      run() { this.#double = 10; A.#note(); return [this.#x, this.#double, this.#add(1), A.#note(), this.y]; }
    }
    return new A().run();
  })()`,
  'classes in classes with the same names, and a name of the outer one in the inner one': `(() => {
    class A {
      #x = 'outer';
      #only = 'only outer';
      inner() {
        const outer = this;
        class B {
          #x = 'inner';
          both() { return [this.#x, outer.#only]; }
        }
        return [new B().both(), this.#x];
      }
    }
    return new A().inner();
  })()`,
  'a class extends one with the same names': `(() => {
    class A {
      #x = 'A';
      #say() { return 'says ' + this.#x; }
      fromA() { return this.#say(); }
    }
    class B extends A {
      #x = 'B';
      x = 'public';
      #say() { return 'shouts ' + this.#x; }
      fromB() { return [this.#say(), super.fromA(), this.x]; }
    }
    return new B().fromB();
  })()`,
  'what a class extends is outside of its names': `(() => {
    class A {
      static #base = class { base = true; };
      static make() {
        return class extends A.#base { #base = 1; own() { return [this.base, this.#base]; } };
      }
    }
    return new (A.make())().own();
  })()`,
  'names of computed members, static blocks': `(() => {
    let seen = [];
    class A {
      static #key = 'k';
      static { seen.push(A.#key); A.#key += '!'; }
      static { seen.push(A.#key); }
      [(() => 'computed')()] = 7;
      static at(o) { return o.#mine; }
      #mine = 'mine';
    }
    return [seen, new A().computed, A.at(new A())];
  })()`,
  'optional chains': `(() => {
    class A {
      #x;
      #next = null;
      constructor(x, next) { this.#x = x; this.#next = next ?? null; }
      #f() { return this.#x; }
      static read(a) { return [a?.#x, a?.#next?.#x, a?.#f(), a?.#next?.#f?.()]; }
    }
    return [A.read(null), A.read(new A(1)), A.read(new A(1, new A(2)))];
  })()`,
  'every kind of assignment': `(() => {
    class A {
      #n = 1; #s = null; #list = []; #rest; #o = { a: 1 };
      run() {
        this.#n += 2; this.#n **= 2; this.#n++; --this.#n;
        this.#s ??= 'set'; this.#s &&= this.#s + '!'; this.#n ||= 5;
        [this.#list[0], ...this.#rest] = [1, 2, 3];
        ({ a: this.#o.a, b: this.#o.b = 9 } = { a: 5 });
        for (this.#o.c of [1, 2]);
        delete this.#o.a;
        return [this.#n, this.#s, this.#list, this.#rest, this.#o];
      }
    }
    return new A().run();
  })()`,
  'async methods, generators': `(async () => {
    class A {
      #n = 3;
      async #later() { await null; return this.#n; }
      *#count() { for (let i = 0; i < this.#n; i++) yield i; }
      async *#slow() { yield* this.#count(); }
      async run() {
        const slow = [];
        for await (const n of this.#slow()) slow.push(n);
        return [await this.#later(), [...this.#count()], slow];
      }
    }
    return new A().run();
  })()`,
  'strings, patterns, comments and templates that look like names': `(() => {
    class A {
      // #x is not this.#x
      #x = 'this.#x';
      read() { return ['#x', /#x/.source, \`#x \${this.#x} #x\`, this.#x /* this.#x */]; }
    }
    return new A().read();
  })()`,
  'names that are words of the language': `(() => {
    class A {
      static #static = 1;
      #get = 2; #set = 3; #async = 4;
      get #class() { return 5; }
      static run() { const a = new A(); return [A.#static, a.#get, a.#set, a.#async, a.#class]; }
    }
    return A.run();
  })()`,
  'class expressions, and arrow functions in fields': `(() => {
    const make = (n) => new (class {
      #n = n;
      #onCall = () => this.#n;
      call = () => this.#onCall();
    })();
    return [make(1).call(), make(2).call.call(null)];
  })()`,
  'private methods are on no list of properties': `(() => {
    class A { #f() { return 1; } get #g() { return 2; } run() { return [Object.keys(this), this.#f(), this.#g]; } }
    return new A().run();
  })()`,
  'a parameter with the name of what a field names': `(() => {
    const size = 'outer';
    class A { held = size; #own = [size]; constructor(size) { this.size = size; } all() { return [this.held, this.#own, this.size]; } }
    return new A('inner').all();
  })()`,
  'a variable in the constructor with the name of what a field names': `(() => {
    const size = 'outer';
    class A { held = size; constructor() { if (true) { let size = 1; this.size = size; } } }
    return new A();
  })()`,
  'a field that the constructor reads, or may not set': `(() => {
    class A {
      a;
      b;
      c = 1;
      constructor(sets) { this.seen = [this.a, this.c]; if (sets) this.b = 2; this.a = 3; }
    }
    return [new A(true), new A(false), Object.hasOwn(new A(false), 'b')];
  })()`,
  'fields come before values of parameters': `(() => {
    let order = [];
    const note = (what) => { order.push(what); return what; };
    class A { a = note('field'); constructor(b = note('parameter')) { this.b = b; } }
    return [new A(), order];
  })()`,
  'fields without a constructor, far from it, of a class that extends another': `(() => {
    class A { a = 1; b; }
    class B { a = 1; f() { return this.a; } c = 2; constructor() { this.d = this.c; } }
    class C extends A { e = this.a + 1; constructor() { super(); this.g = this.e; } }
    class D extends A { e = this.a + 1; }
    return [new A(), Object.hasOwn(new A(), 'b'), new B(), new C(), new D()];
  })()`,
  'a field over a method, an accessor': `(() => {
    class A { f = 1; f() { return 2; } }
    class B { set g(to) { throw new Error('set'); } g = 1; }
    return [new A().f, new B().g];
  })()`,
  'new.target in a field': `(() => {
    class A { isCalled = new.target === undefined; constructor() { this.isMade = new.target === A; } }
    return new A();
  })()`,
};

describe('a built program', () => {
  for (const [what, code] of Object.entries(PROGRAMS)) {
    test(what, async () => {
      const expected = await resultOf(code);
      const plain = withPlainMembers(code, '');
      expect(await resultOf(plain)).toEqual(expected);
      expect(await resultOf(built(code))).toEqual(expected);
      expect(built(code).split('\n')).toHaveLength(code.split('\n').length);
    });
  }

  test('has no private member left, and what is thrown on the line of the source', async () => {
    const code = '(() => { class A {\n#a =\n1;\n#b = [].x.y;\nconstructor(c) {\nthis.c = c; } }\nreturn new A(); })()';
    expect(built(code)).not.toContain('#');
    const lineOf = (thrown: unknown): unknown =>
      /evalmachine\.<anonymous>:(\d+)/.exec((thrown as Error).stack ?? '')?.[1];
    await expect(resultOf(built(code)).catch(lineOf)).resolves.toBe(await resultOf(code).catch(lineOf));
  });

  test('has no field that is set twice', () => {
    expect(built('class A { #a; constructor(a) { this.#a = a; } }')).toBe(
      'class A { constructor(a) {   this.a$1 = a; } }',
    );
  });

  test('makes no object old by the functions in its fields', async () => {
    const code =
      '(() => { class A { #f = (() => this.load); load; constructor(load) { this.load = load; } ' +
      'run() { return this.#f(); } } return A; })()';
    const A = (await resultOf(built(code))) as new (load: unknown) => { run(): unknown };
    expect(new A('kept').run()).toBe('kept');
    // Of 8 MB.
    expect(await grownOld(2_000, () => void new A(load()))).toBeLessThan(500_000);
  });

  test('has other names in each of its files', async () => {
    const [base, derived] = [
      withPlainMembers('class A { #x = 1; x() { return this.#x; } }', ''),
      withPlainMembers('class B extends A { #x = 2; }', 'shared_'),
    ];
    expect(await resultOf(`(() => { ${base} ${derived} return new B().x(); })()`)).toBe(1);
  });
});

describe('a build refuses', () => {
  test('to ask whether an object has a private member', () => {
    expect(() => withPlainMembers('class A {\n  #x;\n  static is(a) {\n    return #x in a; } }', '')).toThrow(
      /^line 4: /,
    );
  });

  test('a name that the program has', () => {
    expect(() => withPlainMembers('class A { #x; x$1; }', '')).toThrow('x$1');
  });

  test('what is not JavaScript', () => {
    expect(() => withPlainMembers('class A { this.#x }', '')).toThrow();
  });
});
