/**
 * The metrics in OpenMetrics 1.0, and whether a scraper wants them so. Every sample has the name, labels and value that it has in
 * the text form of Prometheus (prometheus.ts); what differs is what is said of families, and the end.
 */

/** What a scraper of OpenMetrics is given. */
export const OPEN_METRICS_CONTENT_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** Units that names of families end in (OpenMetrics, "Units and Base Units"). */
const UNITS = ['seconds', 'bytes'] as const;

/** Turns the text form of Prometheus, each family with HELP and TYPE in that order before its samples, into OpenMetrics. */
export function openMetricsText(text: string): string {
  const lines = text.trimEnd().split('\n');
  const out: string[] = [];
  for (const [i, line] of lines.entries()) {
    const help = /^# HELP (\S+) (.*)$/.exec(line);
    const type = help === null ? null : /^# TYPE \S+ (\S+)$/.exec(lines[i + 1] ?? '');
    if (help !== null && type !== null) out.push(...familyLines(help[1] ?? '', type[1] ?? '', help[2] ?? ''));
    else if (!line.startsWith('# ')) out.push(line);
  }
  return `${out.join('\n')}\n# EOF\n`;
}

function familyLines(sampleName: string, type: string, help: string): string[] {
  const isInfo = sampleName.endsWith('_info');
  // A family's name is without the suffix that its kind gives its samples.
  const family = type === 'counter' ? sampleName.replace(/_total$/, '') : sampleName.replace(/_info$/, '');
  const unit = UNITS.find((each) => family.endsWith(`_${each}`));
  const kind = isInfo ? 'info' : type;
  return [
    `# TYPE ${family} ${kind}`,
    ...(unit === undefined ? [] : [`# UNIT ${family} ${unit}`]),
    `# HELP ${family} ${help}`,
  ];
}

/**
 * Whether OpenMetrics is what this Accept field (RFC 9110 §12.5.1) would rather have than the text form. Of the same weight,
 * OpenMetrics is taken only where it is named first.
 */
export function prefersOpenMetrics(accept: string): boolean {
  let open = 0;
  let plain = 0;
  for (const range of accept.split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const weight = weightOf(parameters);
    const version = parameters.find((each) => each.startsWith('version='));
    const isOne = version === undefined || version === 'version=1.0.0' || version === 'version="1.0.0"';
    if (type === 'application/openmetrics-text' && isOne && weight > plain) open = Math.max(open, weight);
    else if (type === 'text/plain' || type === 'text/*' || type === '*/*') plain = Math.max(plain, weight);
  }
  return open > 0 && open >= plain;
}

/** RFC 9110 §12.4.2: absent it is 1; what cannot be read counts as not acceptable. */
function weightOf(parameters: readonly string[]): number {
  const given = parameters.find((each) => /^q\s*=/.test(each));
  if (given === undefined) return 1;
  const text = given.replace(/^q\s*=\s*/, '');
  return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? Number(text) : 0;
}
