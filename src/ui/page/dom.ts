/** Elements without a library: `h('button', { class: 'quiet', onclick }, 'Copy')`. */

type Attributes = Readonly<Record<string, string | number | boolean | undefined | ((event: Event) => void)>>;
type Child = Node | string | number | undefined | false;

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly (Child | readonly Child[])[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name.replace(/^on/, ''), value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  fill(element, ...children);
  return element;
}

/** Replaces what an element holds. */
export function fill(element: Element, ...children: readonly (Child | readonly Child[])[]): void {
  const all = children.flat().filter((child) => child !== undefined && child !== false);
  element.replaceChildren(...all.map((child) => (typeof child === 'number' ? String(child) : child)));
}

/** A `select` with these choices; `onchange` gets the chosen value. */
export function select(
  label: string,
  choices: readonly (readonly [value: string, text: string])[],
  chosen: string,
  onchange: (value: string) => void,
): HTMLLabelElement {
  const options = choices.map(([value, text]) => h('option', { value, selected: value === chosen }, text));
  const element = h('select', { onchange: () => onchange(element.value) }, options);
  return h('label', { class: 'choice' }, h('span', {}, label), element);
}

/** Says something to those who listen to the page, and shows it for a while. */
export function announce(text: string): void {
  const place = document.getElementById('said');
  if (!place) return;
  place.textContent = text;
  place.classList.add('shown');
  window.setTimeout(() => place.textContent === text && place.classList.remove('shown'), 4000);
}

export async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    announce('Copied.');
  } catch {
    announce(`Copying is not allowed here. The text: ${text}`);
  }
}
