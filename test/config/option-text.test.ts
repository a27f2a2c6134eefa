/** The text of a directive for get_option: normal forms for numbers, the operator's words for text and lists. */

import { describe, expect, test } from 'vitest';
import { defaultConfig } from '../../src/config/config.ts';
import { optionText } from '../../src/config/option-text.ts';
import { configOf } from './config-data.ts';

const config = configOf(`server:
  msg-cache-size: 10m
  domain-insecure: "Example.com"
  domain-insecure: b
  interface: ::1
  interface: 127.0.0.1
  module-config: "validator   iterator"
  access-control: 10.0.0.1/8 allow
  access-control: ::1 refuse
  define-tag: "a b"
  define-tag: "b c"
  val-override-date: "20181130121755"
remote-control:
  control-interface: /run/x
`);

describe('option text', () => {
  test.each([
    ['msg-cache-size', ['10485760']],
    ['domain-insecure', ['b', 'Example.com']],
    ['module-config', ['validator   iterator']],
    ['access-control', ['::1 refuse', '10.0.0.1/8 allow']],
    ['define-tag', ['a', 'b', 'c']],
    ['interface', ['::1', '127.0.0.1']],
    ['val-override-date', ['1543580275']],
    ['control-interface', ['/run/x']],
    ['do-ip4', ['yes']],
    ['private-address', []],
    ['logfile', ['']],
    ['ssl-upstream', ['no']],
    ['verbosity:', ['1']],
    ['stub-addr', null],
    ['nonsense', null],
  ])('%s', (name, lines) => {
    expect(optionText(config, name)).toEqual(lines);
  });

  test('shows defaults', () => {
    expect(optionText(defaultConfig(), 'target-fetch-policy')).toEqual(['3 2 1 0 0']);
    expect(optionText(defaultConfig(), 'val-nsec3-keysize-iterations')).toEqual(['1024 150 2048 150 4096 150']);
  });
});
