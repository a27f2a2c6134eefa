/**
 * Datagrams to a socket at a path, or with an abstract name: the way in which a service manager is told how a daemon is (sd_notify(3)).
 * By the system's own calls, since Node.js has no unix datagrams.
 */

import { writeSync } from 'node:fs';
import { bindSystemCalls, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK, type SystemCalls } from './system-calls.ts';

const AF_UNIX = 1;
/** A struct sockaddr_un: its family, then the path and a zero octet (unix(7)). */
const PATH_AT = 2;
const PATH_ROOM = 108;
/** Written in front of the name of an abstract socket, where the address has a zero octet. */
const ABSTRACT = '@';

/** Sends a text as one datagram, at once; false: not sent, since there are no such calls here or nobody takes it now. */
type SendDatagram = (path: string, text: string) => boolean;

/** How datagrams are sent; the calls are bound with the first one. */
export function datagramSender(bind: () => SystemCalls | string = bindSystemCalls): SendDatagram {
  let bound: SystemCalls | string | null = null;
  return (path, text) => {
    bound ??= bind();
    return typeof bound !== 'string' && sendBy(bound, path, text);
  };
}

function sendBy(calls: SystemCalls, path: string, text: string): boolean {
  const name = Buffer.from(path);
  if (name.length >= PATH_ROOM) return false;
  const fd = calls.socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  try {
    const memory = new ArrayBuffer(PATH_AT + PATH_ROOM);
    const address = new Uint8Array(memory);
    address[0] = AF_UNIX;
    address.set(name, PATH_AT);
    const isAbstract = path.startsWith(ABSTRACT);
    if (isAbstract) address[PATH_AT] = 0;
    // All octets of an abstract name count; a path ends with a zero.
    const length = PATH_AT + name.length + (isAbstract ? 0 : 1);
    if (calls.connect(fd, calls.addressOf(memory), length) !== 0) return false;
    writeSync(fd, text);
    return true;
  } catch {
    // The other side's queue is full, or nobody has it open any more.
    return false;
  } finally {
    calls.close(fd);
  }
}
