/**
 * onnxruntime 1.30 notes devices and sessions in the user's folder and sends them to its maker, unless this says no before the
 * library is loaded: whoever loads it imports this file first.
 */
process.env['ORT_DISABLE_TELEMETRY'] ??= '1';
