/**
 * The closed vocabularies of policy directives: what clients may do, what local zones and response rules do.
 * Leaves to others: what the words do (serve).
 */

import { word } from './form.ts';

/** What a client may do. */
export const accessAction = word(
  ['deny', 'refuse', 'deny_non_local', 'refuse_non_local', 'allow', 'allow_setrd', 'allow_snoop', 'allow_cookie'],
  'expected deny, refuse, deny_non_local, refuse_non_local, allow, allow_setrd, allow_snoop or allow_cookie as access control action',
);

/** How a local zone answers for names in it. */
export const localZoneType = word(
  [
    'static',
    'deny',
    'refuse',
    'redirect',
    'transparent',
    'typetransparent',
    'inform',
    'inform_deny',
    'inform_redirect',
    'always_transparent',
    'block_a',
    'block_aaaa',
    'block_a_wdata',
    'block_aaaa_wdata',
    'truncate',
    'always_refuse',
    'always_nxdomain',
    'always_nodata',
    'always_deny',
    'always_null',
    'noview',
    'nodefault',
    'ipset',
  ],
  'local-zone type: expected static, deny, refuse, redirect, transparent, typetransparent, inform, inform_deny, inform_redirect, always_transparent, block_a, block_aaaa, block_a_wdata, block_aaaa_wdata, truncate, always_refuse, always_nxdomain, always_nodata, always_deny, always_null, noview, nodefault or ipset',
);

export type LocalZoneType = Extract<ReturnType<typeof localZoneType.read>, string>;

/** What happens to an answer that holds an address of a block. */
export const responseAction = word(
  [
    'deny',
    'redirect',
    'inform',
    'inform_deny',
    'always_transparent',
    'always_refuse',
    'always_nxdomain',
    'always_nodata',
    'always_null',
    'always_deny',
  ],
  'response-ip action: expected deny, redirect, inform, inform_deny, always_transparent, always_refuse, always_nxdomain, always_nodata, always_null or always_deny',
);

/** What a response policy zone does in place of its own actions. */
export const policyAction = word(
  ['', 'nxdomain', 'nodata', 'passthru', 'drop', 'cname', 'disabled'],
  'rpz-action-override action: expected nxdomain, nodata, passthru, drop, cname or disabled',
);
