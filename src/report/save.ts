import { writeFile } from 'node:fs/promises';

/** Pixels per unit of the SVG, so that text stays sharp. */
const zoom = 2;

/** Writes an SVG document as it is, or drawn to pixels where the path ends in `.png`. */
export async function savePicture(svg: string, file: string): Promise<void> {
  await writeFile(file, file.endsWith('.png') ? await toPng(svg) : svg);
}

async function toPng(svg: string): Promise<Uint8Array> {
  const { Resvg } = await import('@resvg/resvg-js');
  return new Resvg(svg, {
    fitTo: { mode: 'zoom', value: zoom },
    font: { loadSystemFonts: true, defaultFontFamily: 'DejaVu Sans' },
  })
    .render()
    .asPng();
}
