import { createHash } from 'node:crypto';
import type { Json } from '../core/json.ts';
import type { PageAssets } from './assets.ts';

const head = (title: string) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>`;

const body =
  '<div id="app"><p class="loading">Reading the study …</p></div><noscript>This page draws with JavaScript.</noscript>';

/** The page of `nas ui`. The token lets it ask for exports. */
export const liveDocument = (token: string): string => `${head('Espalier')}
<meta name="nas-token" content="${token}">
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/main.css">
</head>
<body>${body}<script src="/main.js"></script></body>
</html>
`;

/** One file with everything in it, which loads nothing: its policy allows its own script and style alone. */
export function fileDocument(title: string, data: Json, { script, style }: PageAssets): string {
  const code = script.replaceAll('</script', '<\\/script');
  const policy = `default-src 'none'; script-src ${hashOf(code)}; style-src ${hashOf(style)}; img-src data:; base-uri 'none'; form-action 'none'`;
  return `${head(title)}
<meta http-equiv="Content-Security-Policy" content="${policy}">
<style>${style}</style>
</head>
<body>${body}<script type="application/json" id="data">${JSON.stringify(data).replaceAll('<', '\\u003c')}</script><script>${code}</script></body>
</html>
`;
}

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** A trained tree on its frame. */
export const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path d="M16 29V4M16 24H5V14M16 24H27V14M16 15H9V7M16 15H23V7" fill="none" stroke="#00684b" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round"/></svg>';
