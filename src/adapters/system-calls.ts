/**
 * The calls of the system that Node.js has no function for, and those of OpenSSL that it has dear ones for, called without a compiler: by `node:ffi` where the running Node.js
 * has it, else by the prebuilt binary of koffi where that is installed (an optional package), else not at all.
 *
 * This file is the whole foreign surface. A wrong pointer or length here ends the process, so: every function is in one
 * table with its C types, every pointer is an address inside of memory that the caller holds, nothing
 * that is kept after a call returns is JavaScript's, and a fault of a callback never passes through C.
 * Only on Linux on x64 and arm64, whose struct layouts message-ring.ts and fast-udp.ts have in common.
 * Leaves to others: what is called when (fast-udp.ts, openssl-p256.ts), whether it works here (udp-engine.ts, crypto-engine.ts).
 */

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Turns } from './turns.ts';

/** Kinds of sockets and what they are made with (socket(2), Linux). */
export const SOCK_DGRAM = 2;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;

/** An address in memory; 0n: none. */
export type Pointer = bigint;

/** C types of the table: 32 bits with and without sign, and a pointer. */
type CType = 'int' | 'uint' | 'pointer';
type ResultType = CType | 'void';

/**
 * The functions of the C library, by their types. Each gives a C int, -1 for a failure; recvmmsg and sendmmsg a count. errno
 * says which failure.
 */
const FUNCTIONS = {
  socket: ['int', 'int', 'int'],
  bind: ['int', 'pointer', 'uint'],
  connect: ['int', 'pointer', 'uint'],
  setsockopt: ['int', 'int', 'int', 'pointer', 'uint'],
  getsockname: ['int', 'pointer', 'pointer'],
  recvmmsg: ['int', 'pointer', 'uint', 'int', 'pointer'],
  sendmmsg: ['int', 'pointer', 'uint', 'int'],
  close: ['int'],
  epoll_create1: ['int'],
  epoll_ctl: ['int', 'int', 'int', 'pointer'],
  epoll_wait: ['int', 'pointer', 'int', 'int'],
} as const satisfies FunctionTable;

/** Functions that give memory back to the system; C libraries other than glibc lack the first. Sizes have a pointer's width. */
const MEMORY_FUNCTIONS = {
  malloc_trim: ['pointer'],
  madvise: ['pointer', 'pointer', 'int'],
} as const satisfies FunctionTable;

/** Functions of OpenSSL, which Node.js has in itself and gives out to its addons. Sizes have a pointer's width. */
const OPENSSL_FUNCTIONS = {
  EC_KEY_oct2key: ['pointer', 'pointer', 'pointer', 'pointer'],
  ECDSA_verify: ['int', 'pointer', 'int', 'pointer', 'int', 'pointer'],
  EVP_Digest: ['pointer', 'pointer', 'pointer', 'pointer', 'pointer', 'pointer'],
} as const satisfies FunctionTable;

/** Those that give a pointer to what they made, 0n for a failure. */
const OPENSSL_MAKERS = {
  EC_KEY_new_by_curve_name: ['int'],
  EVP_MD_fetch: ['pointer', 'pointer', 'pointer'],
} as const satisfies FunctionTable;

/** Those that give nothing. */
const OPENSSL_CLEANERS = { ERR_clear_error: [] } as const satisfies FunctionTable;

type FunctionTable = Readonly<Record<string, readonly CType[]>>;
type Arguments<T extends readonly CType[]> = { -readonly [K in keyof T]: T[K] extends 'pointer' ? Pointer : number };
type FunctionsOf<T extends FunctionTable, Result = number> = {
  readonly [N in keyof T]: (...given: Arguments<T[N]>) => Result;
};
type Functions = FunctionsOf<typeof FUNCTIONS>;
export type MemoryCalls = FunctionsOf<typeof MEMORY_FUNCTIONS>;

export interface OpensslCalls
  extends FunctionsOf<typeof OPENSSL_FUNCTIONS>,
    FunctionsOf<typeof OPENSSL_MAKERS, Pointer>,
    FunctionsOf<typeof OPENSSL_CLEANERS, void> {
  readonly by: ForeignWay;
  /** As of `SystemCalls`. */
  addressOf(memory: ArrayBuffer): Pointer;
}

type ForeignWay = 'node:ffi' | 'koffi';

/** A descriptor that is watched until `close`. */
export interface Watch {
  /** The process may end although this is watched. */
  unref(): void;
  close(): void;
}

export interface SystemCalls extends Functions {
  readonly by: ForeignWay;
  /** Where a buffer's octets stand. They stay there as long as the buffer is held. */
  addressOf(memory: ArrayBuffer): Pointer;
  /** Why the last call on this thread failed. */
  errno(): number;
  /** Calls back whenever the descriptor can be read, until it is closed. Throws when the loop refuses it. */
  watch(fd: number, onReadable: () => void): Watch;
}

/** Machines whose struct layouts are known here. */
const ARCHITECTURES: readonly string[] = ['x64', 'arm64'];

/** The calls, or a sentence why there are none. What a watched descriptor calls for is a turn of `turns`. */
export function bindSystemCalls(turns = new Turns()): SystemCalls | string {
  return bindFirst([() => bindNodeFfi(turns), () => bindKoffi(turns)]);
}

/** The calls that give memory back, or a sentence why there are none. */
export function bindMemoryCalls(): MemoryCalls | string {
  return bindFirst([
    () => {
      const { library } = openNodeFfi() ?? {};
      return library === undefined ? NO_FFI : bindEach(MEMORY_FUNCTIONS, nodeBinder(library));
    },
    () => bindEach(MEMORY_FUNCTIONS, koffiBinder(openKoffi())),
  ]);
}

/** OpenSSL's functions, or a sentence why there are none. */
export function bindOpensslCalls(): OpensslCalls | string {
  return bindFirst<OpensslCalls>([
    () => {
      const opened = openNodeFfi();
      if (opened === null) return NO_FFI;
      const { ffi, library } = opened;
      const addressOf = (memory: ArrayBuffer): Pointer => ffi.getRawPointer(memory);
      return { ...bindOpenssl(nodeBinder(library)), by: 'node:ffi', addressOf };
    },
    () => {
      const koffi = openKoffi();
      return { ...bindOpenssl(koffiBinder(koffi)), by: 'koffi', addressOf: (memory) => koffi.address(memory) };
    },
  ]);
}

function bindOpenssl(bind: BindFunction): Omit<OpensslCalls, 'by' | 'addressOf'> {
  const { EC_KEY_new_by_curve_name: newKey, EVP_MD_fetch: fetchDigest } = bindEach(OPENSSL_MAKERS, bind, 'pointer');
  const { ERR_clear_error: clearErrors } = bindEach(OPENSSL_CLEANERS, bind, 'void');
  return {
    ...bindEach(OPENSSL_FUNCTIONS, bind),
    // koffi gives a pointer as a number where it is small enough.
    EC_KEY_new_by_curve_name: (curve) => BigInt(newKey(curve)),
    EVP_MD_fetch: (library, name, properties) => BigInt(fetchDigest(library, name, properties)),
    ERR_clear_error: () => void clearErrors(),
  };
}

function bindFirst<Bound>(ways: readonly (() => Bound | string)[]): Bound | string {
  if (process.platform !== 'linux' || !ARCHITECTURES.includes(process.arch)) {
    return `no foreign calls on ${process.platform} ${process.arch}`;
  }
  const reasons: string[] = [];
  for (const bind of ways) {
    try {
      const bound = bind();
      if (typeof bound !== 'string') return bound;
      reasons.push(bound);
    } catch (error) {
      reasons.push((error as Error).message.split('\n')[0] ?? '');
    }
  }
  return reasons.join('; ');
}

/** Runs what a watched descriptor calls for. A fault becomes an uncaught exception of the loop, as one of any socket. */
function guarded(turns: Turns, onReadable: () => void): () => void {
  return () => {
    try {
      turns.run(onReadable);
    } catch (error) {
      setImmediate(() => {
        throw error;
      });
    }
  };
}

/** What is used of node:ffi (Node.js 26), which the types of Node.js 24 lack. */
interface NodeFfi {
  readonly DynamicLibrary: new (path: string | null) => NodeLibrary;
  getRawPointer(memory: ArrayBuffer): bigint;
  getCurrentEventLoop(): bigint;
  getInt32(pointer: bigint, offset: number): number;
}

interface NodeLibrary {
  getFunction(name: string, types: { readonly arguments: readonly string[]; readonly return: string }): ForeignFunction;
  getSymbol(name: string): bigint;
  registerCallback(types: { readonly arguments: readonly string[]; readonly return: string }, run: () => void): bigint;
  unregisterCallback(pointer: bigint): void;
}

type ForeignFunction = (...given: readonly (number | bigint)[]) => number | bigint;

const NODE_TYPES: Readonly<Record<ResultType, string>> = {
  int: 'int32',
  uint: 'uint32',
  pointer: 'uint64',
  void: 'void',
};
const POINTER_OCTETS = 8;
/** uv_handle_type UV_POLL, uv_poll_event UV_READABLE (uv.h). */
const UV_POLL = 8;
const UV_READABLE = 1;

const NO_FFI = 'this Node.js has no node:ffi';

function openNodeFfi(): { readonly ffi: NodeFfi; readonly library: NodeLibrary } | null {
  const ffi = process.getBuiltinModule('node:ffi') as unknown as NodeFfi | undefined;
  return ffi === undefined ? null : { ffi, library: new ffi.DynamicLibrary(null) };
}

function nodeBinder(library: NodeLibrary): BindFunction {
  return (name, types, result = 'int') =>
    library.getFunction(name, { arguments: types.map((type) => NODE_TYPES[type]), return: NODE_TYPES[result] });
}

function bindNodeFfi(turns: Turns): SystemCalls | string {
  const opened = openNodeFfi();
  if (opened === null) return NO_FFI;
  const { ffi, library } = opened;
  const bind = nodeBinder(library);
  const errnoAt = BigInt(bind('__errno_location', [], 'pointer')());
  const types = { arguments: [], return: 'void' };
  return {
    ...bindEach(FUNCTIONS, bind),
    by: 'node:ffi',
    addressOf: (memory) => ffi.getRawPointer(memory),
    errno: () => ffi.getInt32(errnoAt, 0),
    watch: watchByLibuv(
      {
        bind,
        loop: ffi.getCurrentEventLoop(),
        free: library.getSymbol('free'),
        register: (run) => library.registerCallback(types, run),
        unregister: (callback) => library.unregisterCallback(callback),
      },
      turns,
    ),
  };
}

/** What watching by libuv itself takes. */
interface LibuvAccess {
  readonly bind: BindFunction;
  readonly loop: Pointer;
  /** The C library's function of that name. */
  readonly free: Pointer;
  /** A C function that calls `run`. It reads no arguments, so that none is made an object of: they are known here. */
  register(run: () => void): Pointer;
  unregister(callback: Pointer): void;
}

/** Watching by libuv itself. The handle is the C library's memory, which libuv gives back when it has closed it. */
function watchByLibuv({ bind, loop, free, register, unregister }: LibuvAccess, turns: Turns): SystemCalls['watch'] {
  const size = BigInt(bind('uv_handle_size', ['int'], 'pointer')(UV_POLL));
  const allocate = bind('calloc', ['pointer', 'pointer'], 'pointer');
  const init = bind('uv_poll_init', ['pointer', 'pointer', 'int']);
  const start = bind('uv_poll_start', ['pointer', 'int', 'pointer']);
  const unref = bind('uv_unref', ['pointer'], 'void');
  const close = bind('uv_close', ['pointer', 'pointer'], 'void');
  const release = bind('free', ['pointer'], 'void');
  return (fd, onReadable) => {
    const handle = BigInt(allocate(1n, size));
    if (handle === 0n) throw new Error('no memory for a handle');
    const failure = init(loop, handle, fd);
    if (failure !== 0) {
      release(handle);
      throw new Error(`uv_poll_init failed with ${failure}`);
    }
    const callback = register(guarded(turns, onReadable));
    start(handle, UV_READABLE, callback);
    return {
      unref: () => void unref(handle),
      close: () => {
        close(handle, free);
        // A callback must not be taken back while it runs, and this may be inside of it.
        setImmediate(() => unregister(callback));
      },
    };
  };
}

/** A type of a function, or of a pointer to one, of koffi. */
type KoffiType = object;

interface KoffiLibrary {
  func(name: string, result: string, types: readonly string[]): ForeignFunction;
}

interface Koffi {
  load(path: string | null): KoffiLibrary;
  address(memory: ArrayBuffer): bigint;
  errno(): number;
  proto(definition: string): KoffiType;
  pointer(type: KoffiType): KoffiType;
  register(run: () => void, type: KoffiType): Pointer;
  unregister(callback: Pointer): void;
  /** `env`: of Node-API. */
  readonly node: { readonly env: Pointer; poll(fd: number, onReadable: () => void): Watch };
}

/** Machines as the loader of musl (a C library other than glibc) calls them in its file's name. */
const MUSL_NAMES: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' };
const KOFFI_TYPES: Readonly<Record<ResultType, string>> = {
  int: 'int32_t',
  uint: 'uint32_t',
  pointer: 'uintptr_t',
  void: 'void',
};

function openKoffi(): Koffi {
  const { arch } = process;
  const require = createRequire(import.meta.url);
  const chooser = `@koromix/koffi-linux-${arch}`;
  // Its package reads Node.js's own binary to tell which of two it is to load, at half of the price of loading it.
  const isSure = !existsSync(`/lib/ld-musl-${MUSL_NAMES[arch] ?? arch}.so.1`);
  return require(isSure ? `${chooser}/linux_${arch}/koffi.node` : chooser) as Koffi;
}

function koffiBinder(koffi: Koffi): BindFunction {
  const library = koffi.load(null);
  return (name, types, result = 'int') =>
    library.func(
      name,
      KOFFI_TYPES[result],
      types.map((type) => KOFFI_TYPES[type]),
    );
}

function bindKoffi(turns: Turns): SystemCalls {
  const koffi = openKoffi();
  const bind = koffiBinder(koffi);
  const access = koffiAccess(koffi, bind);
  // A worker thread that ends closes what koffi watches, and would fall over what it knows nothing of.
  const isMainLoop = access.loop === BigInt(bind('uv_default_loop', [], 'pointer')());
  return {
    ...bindEach(FUNCTIONS, bind),
    by: 'koffi',
    addressOf: (memory) => koffi.address(memory),
    errno: () => koffi.errno(),
    watch: isMainLoop ? watchByLibuv(access, turns) : watchByKoffi(koffi, turns),
  };
}

function koffiAccess(koffi: Koffi, bind: BindFunction): LibuvAccess {
  const found = new ArrayBuffer(POINTER_OCTETS);
  bind('napi_get_uv_event_loop', ['pointer', 'pointer'])(koffi.node.env, koffi.address(found));
  const [loop = 0n] = new BigUint64Array(found);
  const name = new TextEncoder().encode('free\0').buffer;
  const type = koffi.pointer(koffi.proto('void()'));
  return {
    bind,
    loop,
    free: BigInt(bind('dlsym', ['pointer', 'pointer'], 'pointer')(0n, koffi.address(name))),
    register: (run) => koffi.register(run, type),
    unregister: (callback) => koffi.unregister(callback),
  };
}

/** At twice the price: an object with three properties for each call. */
function watchByKoffi(koffi: Koffi, turns: Turns): SystemCalls['watch'] {
  return (fd, onReadable) => {
    const held: { handle?: Watch } = {};
    const run = guarded(turns, onReadable);
    // The handle ends when nothing in JavaScript holds it: its own callback does.
    held.handle = koffi.node.poll(fd, () => {
      if (held.handle !== undefined) run();
    });
    const { handle } = held;
    return {
      unref: () => handle.unref(),
      close: () => {
        delete held.handle;
        handle.close();
      },
    };
  };
}

type BindFunction = (name: string, types: readonly CType[], result?: ResultType) => ForeignFunction;

function bindEach<Table extends FunctionTable>(
  table: Table,
  bind: BindFunction,
  result: ResultType = 'int',
): FunctionsOf<Table> {
  const bound = Object.entries(table).map(([name, types]) => [name, bind(name, types, result)]);
  return Object.fromEntries(bound) as FunctionsOf<Table>;
}
