/**
 * Two soft notes through the chosen speaker: "can I hear?" answered before anybody is waiting.
 */

const NOTES_HZ = [523.25, 783.99]; // C5, G5
const NOTE_SECONDS = 0.45;
const LOUD = 0.18;

/** Plays the notes on this speaker ("" is the system's); resolves when they are over. Rejects where it cannot. */
export async function chime(speaker: string): Promise<void> {
  const context = new AudioContext() as AudioContext & { setSinkId?: (id: string) => Promise<void> };
  try {
    if (speaker !== "" && speaker !== "default") await context.setSinkId?.(speaker);
    await context.resume();
    NOTES_HZ.forEach((frequency, index) => {
      const start = context.currentTime + index * NOTE_SECONDS * 0.6;
      const tone = new OscillatorNode(context, { frequency });
      const volume = new GainNode(context, { gain: 0 });
      volume.gain.setTargetAtTime(LOUD, start, 0.015);
      volume.gain.setTargetAtTime(0, start + NOTE_SECONDS * 0.3, NOTE_SECONDS * 0.25);
      tone.connect(volume).connect(context.destination);
      tone.start(start);
      tone.stop(start + 3 * NOTE_SECONDS);
    });
    await new Promise((done) => setTimeout(done, 3000 * NOTE_SECONDS));
  } finally {
    await context.close();
  }
}
