import { wrapWords } from '../core/wrap.ts';

/**
 * What a character takes of its font size at most on average, in the widest sans-serif that a viewer may have: where a picture
 * is drawn without a browser nobody measures text.
 */
const charWidth = 0.62;
const [edge, top] = [12, 10];
const title = { fontSize: 15, lineHeight: 20 };
/** The mark is the line alone, as long as it takes to see its dashes. */
const legend = { fontSize: 12, mark: 34, gap: 20, rowHeight: 20 };

/** Title and legend of a picture that is so wide: both wrapped, every name in a column that the longest fits into. */
export function headOf(text: string, names: readonly string[], width: number) {
  const room = width - 2 * edge;
  const lines = wrapWords(text, Math.floor(room / (title.fontSize * charWidth)));
  const longest = Math.max(...names.map(({ length }) => length));
  const column = Math.ceil(legend.mark + longest * legend.fontSize * charWidth + legend.gap);
  const perRow = Math.max(1, Math.floor((room + legend.gap) / column));
  const legendTop = top + lines.length * title.lineHeight + 6;
  return {
    height: legendTop + Math.ceil(names.length / perRow) * legend.rowHeight,
    title: { text: lines.join('\n'), left: edge, top, padding: 0, textStyle: title },
    legend: names.map((name, i) => ({
      data: [name],
      left: edge + (i % perRow) * column,
      top: legendTop + Math.floor(i / perRow) * legend.rowHeight,
      padding: 0,
      itemWidth: legend.mark,
      itemHeight: legend.fontSize,
      itemStyle: { opacity: 0 },
      textStyle: { fontSize: legend.fontSize },
    })),
  };
}
