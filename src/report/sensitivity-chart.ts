/** One choice and its price. */
export interface ChartRow {
  readonly technique: string;
  readonly site: string;
  /** The settings in a few words. */
  readonly label: string;
  /** Change of accuracy, a fraction: negative where the choice costs some; undefined where it could not be measured. */
  readonly accuracy: number | undefined;
  /** What is written below it: bytes saved, for example. */
  readonly note: string;
}

const cell = { width: 84, height: 34 } as const;
const text = { small: 10, normal: 12, title: 15 } as const;
const margin = 16;
/** Drops from this one on have the full colour: what lies beyond is lost anyway. */
const worst = 0.3;

/** A heat map per technique as SVG: layers down, settings across, each cell coloured by the accuracy that it costs. */
export function sensitivityChart(title: string, subtitle: string, rows: readonly ChartRow[]): string {
  const labelWidth = 24 + 7 * Math.max(...rows.map(({ site }) => site.length));
  const techniques = [...new Set(rows.map(({ technique }) => technique))];
  const parts: string[] = [write(margin, 28, title, { size: text.title, bold: true }), write(margin, 46, subtitle, {})];
  let top = 64;
  let width = Math.max(480, 2 * margin + 7 * subtitle.length);
  for (const technique of techniques) {
    const own = rows.filter((row) => row.technique === technique);
    const labels = [...new Set(own.map(({ label }) => label))];
    const sites = [...new Set(own.map(({ site }) => site))];
    parts.push(write(margin, top + 14, technique, { bold: true }));
    for (const [i, label] of labels.entries()) {
      parts.push(write(margin + labelWidth + (i + 0.5) * cell.width, top + 34, label, { size: text.small, anchor: 'middle' }));
    }
    top += 42;
    for (const [j, site] of sites.entries()) {
      parts.push(write(margin, top + j * cell.height + 21, site, {}));
      for (const row of own.filter((each) => each.site === site)) {
        parts.push(drawCell(row, margin + labelWidth + labels.indexOf(row.label) * cell.width, top + j * cell.height));
      }
    }
    top += sites.length * cell.height + 20;
    width = Math.max(width, 2 * margin + labelWidth + labels.length * cell.width);
  }
  const size = `width="${width}" height="${top}" viewBox="0 0 ${width} ${top}"`;
  const ground = `<rect width="${width}" height="${top}" fill="#fff"/>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif">${ground}${parts.join('')}</svg>\n`;
}

function drawCell({ accuracy, note }: ChartRow, x: number, y: number): string {
  const middle = x + cell.width / 2;
  const box = `<rect x="${x + 1}" y="${y + 1}" width="${cell.width - 2}" height="${cell.height - 2}" fill="${colour(accuracy)}"/>`;
  const points = accuracy === undefined ? 'failed' : (accuracy * 100).toFixed(1);
  return `${box}${write(middle, y + 15, points, { anchor: 'middle' })}${write(middle, y + 28, note, { size: text.small, anchor: 'middle' })}`;
}

/** The more it costs, the deeper the orange: lightness alone tells, whatever colours a person sees; dark text stays readable. */
function colour(accuracy: number | undefined): string {
  if (accuracy === undefined) return '#ddd';
  const share = Math.sqrt(Math.min(1, Math.max(0, -accuracy) / worst));
  return `hsl(28 90% ${Math.round(96 - 34 * share)}%)`;
}

interface TextStyle {
  readonly size?: number;
  readonly bold?: boolean;
  readonly anchor?: 'middle';
}

function write(x: number, y: number, value: string, { size = text.normal, bold = false, anchor }: TextStyle): string {
  const style = `${bold ? ' font-weight="bold"' : ''}${anchor ? ` text-anchor="${anchor}"` : ''}`;
  return `<text x="${x}" y="${y}" font-size="${size}"${style}>${escaped(value)}</text>`;
}

const escaped = (value: string) => value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
