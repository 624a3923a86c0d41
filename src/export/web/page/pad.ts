/** A canvas to draw on; `changed` is called when a line has ended. */
export function drawingPad(canvas: HTMLCanvasElement, changed: () => void): { clear(): void; show(picture: ImageBitmap): void } {
  const context = canvas.getContext('2d')!;
  const clear = () => {
    context.fillStyle = '#000';
    context.fillRect(0, 0, canvas.width, canvas.height);
  };
  let last: { readonly x: number; readonly y: number } | undefined;
  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId);
    last = placeOf(event, canvas);
    line(context, last, last);
  });
  canvas.addEventListener('pointermove', (event) => {
    if (!last) return;
    const next = placeOf(event, canvas);
    line(context, last, next);
    last = next;
  });
  const end = () => {
    if (last) changed();
    last = undefined;
  };
  canvas.addEventListener('pointerup', end);
  canvas.addEventListener('pointercancel', end);
  clear();
  return {
    clear,
    show(picture) {
      clear();
      const scale = Math.min(canvas.width / picture.width, canvas.height / picture.height);
      const [width, height] = [picture.width * scale, picture.height * scale];
      context.imageSmoothingEnabled = scale < 1;
      context.drawImage(picture, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
    },
  };
}

function placeOf(event: PointerEvent, canvas: HTMLCanvasElement): { x: number; y: number } {
  const box = canvas.getBoundingClientRect();
  return { x: ((event.clientX - box.x) / box.width) * canvas.width, y: ((event.clientY - box.y) / box.height) * canvas.height };
}

function line(context: CanvasRenderingContext2D, from: { x: number; y: number }, to: { x: number; y: number }): void {
  context.strokeStyle = '#fff';
  context.lineWidth = context.canvas.width / 12;
  context.lineCap = 'round';
  context.beginPath();
  context.moveTo(from.x, from.y);
  context.lineTo(to.x, to.y);
  context.stroke();
}
