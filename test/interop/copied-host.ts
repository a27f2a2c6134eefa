/**
 * A copy-on-write copy of this host to try commands in that change a whole system: its files go with the session. Systemd does not run
 * in there; a stand-in for systemctl starts, reloads and stops what the units would.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Session } from './daemons.ts';

/** Milliseconds for one step. */
const PATIENCE_MS = 60_000;

/** What units would run; the words are those of ExecStart and its siblings. */
const SYSTEMCTL = `#!/bin/sh
verb=$1
for word in "$@"; do unit=\${word%.service}; done
case $verb in enable) verb=start ;; esac
case $unit in
  hawser)
    case $verb in
      start | restart)
        [ -e /run/hawser-of-test ] && kill "$(cat /run/hawser-of-test)" && sleep 1
        /usr/libexec/hawser-helper root_trust_anchor_update || true
        hawserd -d -p -c /etc/hawser/hawser.conf >/var/log/hawser-of-test.log 2>&1 &
        echo $! >/run/hawser-of-test
        for i in 1 2 3 4 5 6 7 8 9 10; do hawser-control -c /etc/hawser/hawser.conf status >/dev/null 2>&1 && exit 0; sleep 1; done
        cat /var/log/hawser-of-test.log >&2; exit 1 ;;
      reload) kill -HUP "$(cat /run/hawser-of-test)" ;;
    esac ;;
  postfix) case $verb in restart) postfix stop; postfix start ;; *) postfix "$verb" ;; esac ;;
  named) case $verb in
      start | restart) if [ -e /run/named/named.pid ]; then kill "$(cat /run/named/named.pid)"; sleep 1; fi; mkdir -p /run/named; chown bind /run/named; named -u bind ;;
      reload) rndc reload ;;
    esac ;;
  exim4) if [ -e /run/exim4/exim.pid ]; then kill "$(cat /run/exim4/exim.pid)"; fi; mkdir -p /run/exim4; chown Debian-exim /run/exim4; exim4 -bd -q30m ;;
  *) ;;
esac
`;

/** A shell in the copy. */
export class CopiedHost {
  readonly #root: string;
  readonly #shell: ChildProcess;
  #output = '';

  constructor(session: Session) {
    const folder = join(session.folder, 'copy');
    mkdirSync(folder);
    this.#root = join(folder, 'root');
    const script = [
      `mount -t tmpfs tmpfs ${folder}`,
      `mkdir ${folder}/upper ${folder}/work ${this.#root}`,
      `mount -t overlay overlay -o lowerdir=/,upperdir=${folder}/upper,workdir=${folder}/work ${this.#root}`,
      `mount -t proc proc ${this.#root}/proc`,
      `mount --rbind /dev ${this.#root}/dev`,
      // Sockets and pid files of daemons are the copy's own.
      `mount -t tmpfs tmpfs ${this.#root}/run`,
      `exec chroot ${this.#root} env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive bash`,
    ].join(' && ');
    this.#shell = spawn('unshare', ['-m', '--propagation', 'slave', 'sh', '-c', script], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    for (const stream of [this.#shell.stdout, this.#shell.stderr])
      stream?.on('data', (piece: Buffer) => {
        this.#output += piece.toString();
      });
  }

  /** Puts files there and the stand-in for systemctl. `files`: path in the copy to content. */
  async prepare(files: Readonly<Record<string, string>>): Promise<void> {
    const all = { ...files, '/usr/local/sbin/systemctl': SYSTEMCTL };
    for (const [path, content] of Object.entries(all)) {
      const text = Buffer.from(content).toString('base64');
      await this.run(`mkdir -p "$(dirname ${path})" && echo ${text} | base64 -d >${path} && chmod 755 ${path}`);
    }
  }

  /** Runs commands; their output and the first status that is not 0. */
  async run(commands: string): Promise<{ readonly status: number; readonly output: string }> {
    const mark = `end-of-step-${Math.random().toString(36).slice(2)}`;
    this.#output = '';
    // In a shell of its own that ends with the first failure; what it starts in the background stays.
    const script = Buffer.from(`set -e\n${commands}`).toString('base64');
    this.#shell.stdin?.write(
      `echo ${script} | base64 -d >/tmp/step.sh; bash /tmp/step.sh </dev/null; echo ${mark} $?\n`,
    );
    const giveUpAt = Date.now() + PATIENCE_MS;
    for (;;) {
      const end = new RegExp(`^${mark} (\\d+)$`, 'm').exec(this.#output);
      if (end !== null) return { status: Number(end[1]), output: this.#output.slice(0, end.index) };
      if (Date.now() > giveUpAt || this.#shell.exitCode !== null)
        return { status: -1, output: `${this.#output}\nno end in time` };
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Ends what runs in there. */
  async stop(): Promise<void> {
    await this.run(
      'for pid in /run/hawser-of-test /run/exim4/exim.pid /run/named/named.pid; do [ -e $pid ] && kill "$(cat $pid)"; done; postfix stop; true',
    );
    this.#shell.kill('SIGKILL');
  }
}
