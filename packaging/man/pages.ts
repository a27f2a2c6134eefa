/** What stands in the man pages besides what the programs say with -h. */

/** A part of a page; each text is a paragraph. */
export interface Section {
  readonly title: string;
  readonly texts?: readonly string[];
  readonly terms?: readonly (readonly [name: string, text: string])[];
  readonly lines?: readonly string[];
}

/** A page about one program. */
export interface Page {
  readonly name: string;
  readonly section: 1 | 5 | 8;
  /** One line for whatis(1). */
  readonly summary: string;
  /** Words before -h that show what the page tells; each is a subsection where there are several. */
  readonly helps: readonly (readonly string[])[];
  readonly description: readonly string[];
  readonly sections: readonly Section[];
  readonly seeAlso: readonly string[];
}

const FILES: Section = {
  title: 'FILES',
  terms: [
    ['/etc/hawser/hawser.conf', 'The configuration, with the directives of hawser.conf(5).'],
    ['/etc/unbound/unbound.conf', 'Read in its place where it is there, so that Hawser can stand in for Unbound.'],
    ['/var/lib/hawser/root.key', "The root's trust anchor, kept up to date by RFC 5011 (auto-trust-anchor-file)."],
    ['/run/hawser.ctl', 'The control socket (control-interface).'],
  ],
};

const ENVIRONMENT: Section = {
  title: 'ENVIRONMENT',
  terms: [
    ['HAWSER_NODE', 'Path of the Node.js to run on, 24 or later, in place of the one that came with the package.'],
    [
      'NODE_OPTIONS',
      "Options of Node.js; with --max-old-space-size the size of V8's heap is not derived from the host's memory.",
    ],
  ],
};

const CERTBOT: Section = {
  title: 'ROLLING OVER WITH CERTBOT OR ACME.SH',
  texts: [
    'A new key is published (TLSA) before it is used, and the old record is removed after. dane-install-certificate, among the examples of the package, is a deploy hook that installs a certificate only when its record has been everywhere for long enough.',
  ],
};

export const PAGES: readonly Page[] = [
  {
    name: 'hawserd',
    section: 8,
    summary: 'recursive DNS resolver that validates DNSSEC',
    helps: [['hawserd']],
    description: [
      'hawserd answers DNS questions of this host and of the networks that it is configured for. It asks the servers of the Internet itself, from the root down, proves what they say by DNSSEC from the built-in root trust anchors on, caches it, sets the AD bit on what is proven, and answers SERVFAIL with the reason (RFC 8914) for what is bogus. A mail server that asks it over loopback can trust TLSA records (DANE).',
      'It reads the configuration of Unbound and speaks the protocol of unbound-control(8).',
    ],
    sections: [
      {
        title: 'SIGNALS',
        terms: [
          [
            'SIGHUP',
            'Reads the configuration again; when it has an error, the old one stays in force and the log says so.',
          ],
          ['SIGUSR1', 'Opens the log file anew, after it was moved away.'],
          ['SIGTERM, SIGINT, SIGQUIT', 'Stops.'],
        ],
      },
      {
        title: 'EXIT STATUS',
        texts: [
          '0 when it was told to stop, or has gone to the background and serves there; 1 when it could not start: every reason is on standard error.',
        ],
      },
      FILES,
      ENVIRONMENT,
    ],
    seeAlso: [
      'hawser(1)',
      'hawser.conf(5)',
      'hawser-control(8)',
      'hawser-checkconf(8)',
      'hawser-anchor(8)',
      'unbound.conf(5)',
    ],
  },
  {
    name: 'hawser-control',
    section: 8,
    summary: 'control of a running hawserd',
    helps: [['hawser-control']],
    description: [
      'hawser-control sends one command to the running daemon, over its unix socket or over TLS with the keys that hawser-control-setup(8) made, and prints the answer. unbound-control(8) works as well, as far as the configuration has no directives of our own.',
    ],
    sections: [
      {
        title: 'EXIT STATUS',
        texts: [
          '0 when the command was carried out; 1 when it was refused or failed; 3 for status when the daemon does not run.',
        ],
      },
      FILES,
    ],
    seeAlso: ['hawserd(8)', 'hawser.conf(5)', 'hawser-control-setup(8)', 'unbound-control(8)'],
  },
  {
    name: 'hawser-control-setup',
    section: 8,
    summary: 'makes the keys of the control channel',
    helps: [['hawser-control-setup']],
    description: [
      'hawser-control-setup makes the keys and certificates with which hawserd(8) and hawser-control(8) know each other over TLS. A control channel over a unix socket needs none.',
    ],
    sections: [{ title: 'EXIT STATUS', texts: ['0 when the files are there, 1 when they could not be made.'] }],
    seeAlso: ['hawser-control(8)', 'hawser.conf(5)'],
  },
  {
    name: 'hawser-anchor',
    section: 8,
    summary: "sets up and updates the root's trust anchor",
    helps: [['hawser-anchor']],
    description: [
      "hawser-anchor looks whether the anchor file still proves the root's keys; if not, it fetches IANA's signed list, verifies its signature, and writes the anchors from it.",
    ],
    sections: [FILES],
    seeAlso: ['hawserd(8)', 'unbound-anchor(8)'],
  },
  {
    name: 'hawser-checkconf',
    section: 8,
    summary: 'checks the configuration of hawserd',
    helps: [['hawser-checkconf']],
    description: [
      'hawser-checkconf reads a configuration as hawserd(8) would and says with file and line what is wrong with it; what it accepts, the daemon accepts. With -o it prints the value of a directive, each value on a line.',
    ],
    sections: [{ title: 'EXIT STATUS', texts: ['0 when there are no errors, 1 when there are.'] }, FILES],
    seeAlso: ['hawserd(8)', 'hawser.conf(5)', 'unbound-checkconf(8)'],
  },
  {
    name: 'hawser-host',
    section: 1,
    summary: 'looks up a name and validates the answer',
    helps: [['hawser-host']],
    description: [
      'hawser-host looks up a name by itself, without any resolver, and says whether the answer is proven.',
    ],
    sections: [
      {
        title: 'EXIT STATUS',
        texts: ['0 when there is an answer, 1 when there is none or it is bogus, or the words are wrong.'],
      },
    ],
    seeAlso: ['hawser(1)', 'unbound-host(1)', 'dig(1)'],
  },
  {
    name: 'hawser',
    section: 1,
    summary: 'explains DNSSEC, checks DANE, makes TLSA records, examines a mail host',
    helps: [
      ['hawser'],
      ['hawser', 'explain'],
      ['hawser', 'trace'],
      ['hawser', 'dane'],
      ['hawser', 'tlsa'],
      ['hawser', 'doctor'],
      ['hawser', 'resolvconf'],
      ['hawser', 'web'],
    ],
    description: [
      'The program for people. Each subcommand works without a running hawserd(8): it resolves and validates by itself from the root.',
    ],
    sections: [CERTBOT, FILES, ENVIRONMENT],
    seeAlso: ['hawserd(8)', 'hawser-control(8)', 'hawser-host(1)', 'hawser.conf(5)'],
  },
];
