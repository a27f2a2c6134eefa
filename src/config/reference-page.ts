/** The reference page of directives, made from the options table (Markdown). */

import { directivesOf, type OptionFacts } from './option-facts.ts';
import { CLAUSES, type ClauseName } from './options-table.ts';

const INTRODUCTION = `# Directives of the configuration file

This page is made from the options table (\`npm run docs:options\`). Hawser reads the form of unbound.conf; see
unbound.conf(5) for what a directive means in full.

Support: **yes** takes effect; **yes, live** may also be changed while running; **no effect** is read and warned about;
**refused** keeps the daemon from starting, since ignoring it would lower protection (its default is always accepted).
`;

export function referencePage(): string {
  const sections = (Object.keys(CLAUSES) as ClauseName[]).map(sectionOf);
  return `${INTRODUCTION}\n${sections.join('\n')}`;
}

function sectionOf(clause: ClauseName): string {
  const rows = directivesOf(clause).map(lineOf).join('\n');
  return `## ${clause}:\n\n| directive | value | default | support | meaning |\n| --- | --- | --- | --- | --- |\n${rows}\n`;
}

function lineOf(facts: OptionFacts): string {
  const { directive, phrase, unit, defaultText, isRepeated, aliasOf, doc } = facts;
  if (aliasOf !== null) return `| ${directive} | | | | Older spelling of ${aliasOf}. |`;
  const value = `${phrase}${unit === 'none' ? '' : `, ${unit}`}${isRepeated ? ', may repeat' : ''}`;
  return `| ${directive} | ${cell(value)} | ${cell(defaultText)} | ${supportText(facts)} | ${cell(doc)} |`;
}

function supportText({ level, isLive, why }: OptionFacts): string {
  switch (level) {
    case 'done':
      return isLive ? 'yes, live' : 'yes';
    case 'unnoticed':
    case 'accepted':
      return why === '' ? 'no effect' : `no effect: ${why}`;
    case 'refused':
      return `refused: else ${why}`;
  }
}

function cell(text: string): string {
  return text.replace(/[|]/g, '\\|').replace(/</g, '&lt;');
}
