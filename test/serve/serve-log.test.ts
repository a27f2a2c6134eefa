/** Proves the lines of queries, replies, SERVFAIL and bogus answers in all their forms, and the named values behind them. */

import { describe, expect, test } from 'vitest';
import type { LogFields, LogLevel } from '../../src/ports/log-sink.ts';
import { ServeLog } from '../../src/serve/serve-log.ts';
import type { ServeLogging } from '../../src/serve/serve-options.ts';
import type { Resolution } from '../../src/terms/resolution.ts';
import { RCODE } from '../../src/wire/rcode.ts';
import { questionFrom } from '../support/records.ts';
import { answered, BOGUS, PlayedResolver, queryFor } from './serving.ts';

const MX = questionFrom('mx.example.');
const NOTHING: ServeLogging = {
  queries: false,
  replies: false,
  failures: false,
  tagged: false,
  bogusLevel: 0,
  destination: false,
};
const FROM = { ip: '192.0.2.7', port: 4000 };
const REPLY = {
  ...{ from: FROM, question: MX, rcode: RCODE.NOERROR, seconds: 0.00288 },
  ...{ isCached: false, isAuthentic: true, octets: 58 },
};

interface Written {
  readonly level: LogLevel;
  readonly line: string;
  readonly fields: LogFields | undefined;
}

/** What a log writes. */
function written(logging: Partial<ServeLogging>, write: (log: ServeLog) => void): Written[] {
  const lines: Written[] = [];
  const sink = {
    write: (level: LogLevel, line: string, fields?: () => LogFields) =>
      void lines.push({ level, line, fields: fields?.() }),
  };
  write(new ServeLog(sink, { ...NOTHING, ...logging }));
  return lines;
}

describe('the line of a reply', () => {
  const channel = { transport: 'tcp', local: { ip: '192.0.2.1', port: 53 } } as const;

  test('has rcode, seconds, whether it was cached, and size', () => {
    const [line] = written({ replies: true }, (log) => log.reply({ ...REPLY, channel }));
    expect(line).toEqual({
      level: 'info',
      line: '192.0.2.7 mx.example. A IN NOERROR 0.002880 0 58',
      fields: {
        event: 'reply',
        client: '192.0.2.7',
        name: 'mx.example.',
        type: 'A',
        class: 'IN',
        rcode: 'NOERROR',
        seconds: 0.00288,
        cached: false,
        octets: 58,
        transport: 'tcp',
        server: '192.0.2.1',
        port: 53,
      },
    });
  });

  test('has the address that was asked with log-destaddr, where it is known', () => {
    const lines = written({ replies: true, destination: true, tagged: true }, (log) => {
      log.reply({ ...REPLY, channel });
      log.reply({ ...REPLY, channel: null });
      for (const layer of ['tls', 'https', 'http'] as const) log.reply({ ...REPLY, channel: { ...channel, layer } });
    });
    expect(lines.map(({ level, line }) => `${level}: ${line}`)).toEqual([
      'reply: 192.0.2.7 mx.example. A IN NOERROR 0.002880 0 58 on tcp 192.0.2.1 53',
      'reply: 192.0.2.7 mx.example. A IN NOERROR 0.002880 0 58',
      'reply: 192.0.2.7 mx.example. A IN NOERROR 0.002880 0 58 on dot 192.0.2.1 53',
      'reply: 192.0.2.7 mx.example. A IN NOERROR 0.002880 0 58 on doh 192.0.2.1 53',
      'reply: 192.0.2.7 mx.example. A IN NOERROR 0.002880 0 58 on http 192.0.2.1 53',
    ]);
  });

  test('says little of what could not be read', () => {
    const lines = written({ replies: true }, (log) => {
      log.reply({ ...REPLY, channel, question: null, rcode: RCODE.FORMERR });
      log.reply({ ...REPLY, channel, question: null, rcode: RCODE.NOTIMP });
    });
    expect(lines.map(({ line }) => line)).toEqual([
      '192.0.2.7 - - - FORMERR - - -',
      '192.0.2.7 null TYPE0 CLASS0 NOTIMP 0.002880 0 58',
    ]);
  });

  test('is written for refused queries too, which are queries that got a reply', () => {
    const server = new PlayedResolver({ access: [], logging: { ...NOTHING, replies: true } });
    server.send(queryFor(MX), { from: '192.0.2.7' });
    expect(server.log.text()).toBe('info: 192.0.2.7 mx.example. A IN REFUSED 0.000000 1 28\n');
  });
});

describe('what an operator is told of how a question ended', () => {
  const bogus = answered(MX, { verdict: BOGUS });
  const failed: Resolution = { kind: 'failed', question: MX, why: { kind: 'deadline' } };
  const linesFor = (logging: Partial<ServeLogging>, resolution: Resolution): string[] =>
    written(logging, (log) => log.ended(resolution, true)).map(({ level, line }) => `${level}: ${line}`);

  test('is nothing by default', () => {
    expect([...linesFor({}, bogus), ...linesFor({}, failed)]).toEqual([]);
  });

  test('is the name alone at val-log-level 1, and the reason at 2', () => {
    expect(linesFor({ bogusLevel: 1 }, bogus)).toEqual(['info: validation failure mx.example. A IN']);
    expect(linesFor({ bogusLevel: 2 }, bogus)).toEqual([
      expect.stringMatching(/^info: validation failure <mx\.example\. A IN>: no-signature: /),
    ]);
  });

  test('is the reason at level 1 as well when SERVFAIL has a line', () => {
    expect(linesFor({ bogusLevel: 1, failures: true }, bogus)).toEqual([
      expect.stringMatching(/^info: validation failure <mx\.example\. A IN>: no-signature: /),
      expect.stringMatching(/^error: SERVFAIL <mx\.example\. A IN>: no-signature: /),
    ]);
  });

  test('comes with named values', () => {
    const fields = written({ bogusLevel: 1, failures: true }, (log) => log.ended(bogus, true)).map(
      (line) => line.fields,
    );
    const asked = {
      name: 'mx.example.',
      type: 'A',
      class: 'IN',
      ede: 10,
      reason: expect.stringMatching(/^no-signature: /),
    };
    expect(fields).toEqual([
      { event: 'bogus', kind: 'no-signature', ...asked },
      { event: 'servfail', ...asked },
    ]);
  });
});
