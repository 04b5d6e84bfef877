// Every method of the npm package `@cartesia/cartesia-js` 2.2.9, as its own reference calls them.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { CartesiaClient } = require("@cartesia/cartesia-js");

const task = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const voice = { mode: "id", id: task.voice };
const wav = { container: "wav", sampleRate: 24000, encoding: "pcm_s16le" };
const float = { container: "raw", sampleRate: 44100, encoding: "pcm_f32le" };
const mp3 = { container: "mp3", sampleRate: 44100, bitRate: 128000 };
const curious = "curiosity:high";
const once = { maxRetries: 0 };

function connected(key, url = task.url) {
    return new CartesiaClient({ apiKey: key, baseUrl: url });
}

const client = connected(task.key);

// A step is noted as one line of JSON; bytes go to files beside it.
async function step(name, call) {
    let facts;
    try {
        facts = await call();
    } catch (error) {
        const kinds = [];
        for (let kind = error; kind && kind !== Object.prototype; kind = Object.getPrototypeOf(kind)) {
            if (Object.hasOwn(kind, "constructor")) kinds.push(kind.constructor.name);
        }
        const noted = { kinds, status: error.statusCode ?? null, text: String(error.message) };
        console.log(JSON.stringify({ step: name, error: noted }));
        return undefined;
    }
    const kept = Object.entries(facts).map(([key, value]) => {
        if (!Buffer.isBuffer(value)) return [key, value];
        const file = path.join(task.folder, `${name.replaceAll("/", "-")}.${key}`);
        fs.writeFileSync(file, value);
        return [key, file];
    });
    console.log(JSON.stringify({ step: name, facts: Object.fromEntries(kept) }));
    return facts;
}

async function bytes(stream) {
    const pieces = [];
    for await (const piece of stream) pieces.push(piece);
    return { audio: Buffer.concat(pieces) };
}

async function events(stream) {
    const seen = [];
    const pieces = [];
    for await (const { data, ...event } of stream) {
        seen.push(event);
        if (data) pieces.push(Buffer.from(data, "base64"));
    }
    return { events: seen, audio: Buffer.concat(pieces) };
}

async function speech(caller = client, fields = {}, options = once) {
    const args = { modelId: "sonic-2", transcript: task.sentence, voice, language: "en", outputFormat: wav };
    return bytes(await caller.tts.bytes({ ...args, ...fields }, options));
}

async function streamed(caller = client, fields = {}) {
    const args = { modelId: "sonic-2", transcript: task.sentence, voice, outputFormat: float };
    return events(await caller.tts.sse({ ...args, ...fields }, once));
}

async function transcribed(caller = client, fields = {}, options = once, file = task.clip) {
    const args = { model: "ink-whisper", language: "en" };
    return caller.stt.transcribe(fs.createReadStream(file), { ...args, ...fields }, options);
}

function inForm(format) {
    return {
        outputFormatContainer: format.container,
        outputFormatSampleRate: format.sampleRate,
        outputFormatEncoding: format.encoding,
        outputFormatBitRate: format.bitRate,
    };
}

async function changed(format) {
    const args = { voiceId: task.other_voice, ...inForm(format) };
    return events(await client.voiceChanger.sse(fs.createReadStream(task.clip), args, once));
}

async function infilled() {
    const sides = [fs.createReadStream(task.left), fs.createReadStream(task.right)];
    const args = {
        modelId: "sonic-2",
        language: "en",
        transcript: task.middle,
        voiceId: task.voice,
        voiceExperimentalControlsSpeed: "normal",
        voiceExperimentalControlsEmotion: [curious],
        ...inForm(wav),
    };
    return { ...(await bytes(await client.infill.bytes(...sides, args, once))), emotion: curious };
}

async function methods() {
    await step("api_status.get", () => client.apiStatus.get());
    await step("tts.bytes/wav", () => speech());
    await step("tts.bytes/mp3", () => speech(client, { outputFormat: mp3 }));
    await step("tts.bytes/raw", () => speech(client, { outputFormat: float }));
    await step("tts.sse", () => streamed(client, { addTimestamps: true, contextId: "context 1" }));
    const french = { transcript: task.french, language: "fr", addTimestamps: true };
    await step("tts.sse/french", () => streamed(client, french));
    await step("tts.sse/phonemes", () => streamed(client, { addPhonemeTimestamps: true }));
    await step("stt.transcribe", () => transcribed(client, { timestampGranularities: ["word"] }));
    const headerless = { encoding: "pcm_s16le", sampleRate: 16000 };
    await step("stt.transcribe/headerless", () => transcribed(client, headerless, once, task.headerless));
    const changing = { voiceId: task.other_voice, ...inForm(wav) };
    await step("voice_changer.bytes", async () => {
        return bytes(await client.voiceChanger.bytes(fs.createReadStream(task.clip), changing, once));
    });
    await step("voice_changer.sse", () => changed(wav));
    await step("voice_changer.sse/mp3", () => changed(mp3));
    await step("voice_changer.sse/raw", () => changed(float));
    await step("infill.bytes", infilled);
}

async function voices() {
    await step("voices.list", async () => ({ voices: await client.voices.list(), pages: 1 }));
    await step("voices.get", () => client.voices.get(task.voice));
    const args = { name: "Clone", description: "D", language: "en" };
    const similar = { ...args, mode: "similarity", enhance: true };
    // A Blob has a length and a name of its own, a file stream is sent in chunks and has neither.
    const clip = new Blob([fs.readFileSync(task.clip)], { type: "audio/wav" });
    const made = await step("voices.clone", () => client.voices.clone(clip, similar, once));
    const stable = { ...args, mode: "stability", baseVoiceId: task.voice };
    await step("voices.clone/stability", () => client.voices.clone(fs.createReadStream(task.clip), stable, once));
    const parts = [{ id: task.voice, weight: 0.25 }, { id: task.other_voice, weight: 0.75 }];
    const mixed = await step("voices.mix", () => client.voices.mix({ voices: parts }));
    const features = { name: "Made", description: "", embedding: mixed.embedding, language: "en" };
    await step("voices.create", () => client.voices.create(features));
    const empty = { name: "Copy", description: "", embedding: [], baseVoiceId: task.other_voice };
    await step("voices.create/empty", () => client.voices.create(empty));
    const target = { voiceId: task.voice, name: "L", description: "D", language: "es" };
    const localized = { ...target, originalSpeakerGender: "female", dialect: "pe" };
    await step("voices.localize", () => client.voices.localize(localized));
    await step("voices.update", () => client.voices.update(made.id, { name: "New", description: "D2" }));
    await step("voices.update/read", () => client.voices.get(made.id));
    await step("voices.clone/speaks", () => speech(client, { voice: { mode: "id", id: made.id } }));
    await step("voices.list/mine", async () => ({ ids: (await client.voices.list()).map((one) => one.id) }));
    await step("voices.delete", async () => ({ answer: (await client.voices.delete(made.id)) ?? null }));
    await step("voices.delete/read", () => client.voices.get(made.id, once));
}

async function tokens() {
    for (const [family, other] of [["tts", "stt"], ["stt", "tts"]]) {
        const args = { grants: { [family]: true }, expiresIn: 60 };
        const answer = await step(`auth.access_token/${family}`, () => client.auth.accessToken(args));
        const holder = connected(answer.token);
        const calls = { tts: () => speech(holder), stt: () => transcribed(holder) };
        await step(`auth.access_token/${family}/granted`, calls[family]);
        await step(`auth.access_token/${family}/other`, calls[other]);
        await step(`auth.access_token/${family}/voices`, () => holder.voices.get(task.voice, once));
    }
}

async function errors() {
    const stranger = connected("a stranger");
    await step("errors/key", () => stranger.voices.get(task.voice, once));
    await step("errors/key/audio", () => speech(stranger));
    await step("errors/key/upload", () => transcribed(stranger));
    const unknown = { voice: { mode: "id", id: task.nobody } };
    await step("errors/voice", () => speech(client, unknown));
    await step("errors/voice/stream", () => streamed(client, unknown));
    await step("errors/voice/path", () => client.voices.get(task.nobody, once));
    await step("errors/voice/odd", () => client.voices.get("a b/c?d", once));
    await step("errors/file", () => transcribed(client, {}, once, process.argv[2]));
    const first = (letter) => connected(`first cartesia-js-2 ${letter}`, task.shaky_url);
    await step("errors/throttled", () => speech(first("a")));
    await step("errors/throttled/upload", () => transcribed(first("b")));
    await step("retries", () => first("c").voices.get(task.voice));
    await step("retries/upload", () => transcribed(first("d"), {}, { maxRetries: 2 }));
    await step("errors/midway", () => streamed(connected("dies", task.shaky_url), { transcript: task.long }));
}

async function main() {
    for (const part of [methods, voices, tokens, errors]) await part();
}

// A timer of the SDK keeps the process alive for a minute after the last request.
main().then(() => process.exit(0));
