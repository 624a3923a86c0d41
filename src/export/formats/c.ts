import type { LogMel } from '../../network/data/sounds/log-mel.ts';
import { soundWords } from '../sound-usage.ts';
import type { ExportFormat, ExportSource } from './format.ts';

const bytesPerLine = 16;

/** The model as an array that is compiled in, for devices without a file system. */
export const c: ExportFormat = {
  name: 'c',
  entry: 'model.c',
  summary: 'the ONNX file as a C array, with model.h',
  card: () =>
    '`model.c` and `model.h` are `model.onnx` as an array (`espalier_model`), with mean, std and the names of the classes. The C API of onnxruntime takes it as it is: `CreateSessionFromArray`.',
  files: (source) => ({ 'model.h': headerOf(source), 'model.c': arrayOf(source) }),
};

function headerOf({ certificate, input, classes }: ExportSource): string {
  const [channels, height, width] = input.shape;
  return `/* Trial ${certificate.trial} of ${comment(certificate.study)}; ONNX, sha256 ${certificate.model.sha256}. */
#ifndef ESPALIER_MODEL_H
#define ESPALIER_MODEL_H

#ifdef __cplusplus
extern "C" {
#endif

#define ESPALIER_MODEL_BYTES ${certificate.model.bytes}u
#define ESPALIER_INPUT_CHANNELS ${channels}
#define ESPALIER_INPUT_HEIGHT ${height}
#define ESPALIER_INPUT_WIDTH ${width}
#define ESPALIER_CLASSES ${classes.length}

/* An ONNX file, aligned to 16 bytes. Input "${comment(input.name)}": float [1, C, H, W]; output: one logit per class. */
extern const unsigned char espalier_model[ESPALIER_MODEL_BYTES];

${input.sound ? soundDefines(input.sound) : ''}/* The input is (pixel / 255 - mean) / std, per channel. */
extern const float espalier_mean[ESPALIER_INPUT_CHANNELS];
extern const float espalier_std[ESPALIER_INPUT_CHANNELS];
extern const char *const espalier_classes[ESPALIER_CLASSES];

#ifdef __cplusplus
}
#endif

#endif
`;
}

/** What a program that listens has to know. */
const soundDefines = (sound: LogMel) => `#define ESPALIER_SAMPLE_RATE ${sound.rate}
#define ESPALIER_WINDOW ${sound.window}
#define ESPALIER_HOP ${sound.hop}
#define ESPALIER_MELS ${sound.mels}
#define ESPALIER_DECIBELS ${sound.decibels}

/* ${soundWords(sound).replaceAll('−', '-')} */

`;

function arrayOf({ model, input, classes }: ExportSource): string {
  const lines: string[] = [];
  for (let start = 0; start < model.length; start += bytesPerLine) {
    const line = Array.from(model.subarray(start, start + bytesPerLine), (byte) => `0x${byte.toString(16).padStart(2, '0')}`);
    lines.push(`    ${line.join(', ')},`);
  }
  return `#include "model.h"

#if defined(__GNUC__)
__attribute__((aligned(16)))
#endif
const unsigned char espalier_model[ESPALIER_MODEL_BYTES] = {
${lines.join('\n')}
};

const float espalier_mean[ESPALIER_INPUT_CHANNELS] = {${floats(input.mean)}};
const float espalier_std[ESPALIER_INPUT_CHANNELS] = {${floats(input.std)}};

const char *const espalier_classes[ESPALIER_CLASSES] = {
${classes.map((name) => `    ${quoted(name)},`).join('\n')}
};
`;
}

const floats = (values: readonly number[]): string => values.map((value) => `${value.toExponential(8)}f`).join(', ');

/** A C string literal; what is not plain ASCII as octal escapes of its UTF-8 bytes. */
function quoted(text: string): string {
  const escaped = [...Buffer.from(text, 'utf8')].map((byte) => {
    const plain = byte >= 32 && byte < 127 && byte !== 34 && byte !== 92 && byte !== 63;
    return plain ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`;
  });
  return `"${escaped.join('')}"`;
}

/** Text that cannot end the comment it stands in. */
const comment = (text: string): string => text.replaceAll('*/', '* /');
