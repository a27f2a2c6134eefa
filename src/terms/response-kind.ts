/** What a server's response is, and why records of it are left out: as logs and `explain` say it. */

/** What a response is for the question that was asked. */
export type ResponseKind = 'answer' | 'denial' | 'referral' | 'alias' | 'yxdomain' | 'lame' | 'empty' | 'unusable';

/** Why a set was left out of a response, as a text for people. */
export type DropReason =
  | 'not asked for'
  | 'outside the zone of the server'
  | 'in a zone that is configured'
  | 'private address'
  | 'does not belong there'
  | 'not of a name that was asked for'
  | 'more than are of use'
  | 'beside a denial'
  | 'NS set of another branch'
  | 'NS set beside a denial'
  | 'NS set beside an answer'
  | 'address of a name that nothing speaks of'
  | 'unknown type';
