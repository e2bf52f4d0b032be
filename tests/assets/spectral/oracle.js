'use strict';
// Runs Spectral itself. Standard input: {"rulesets": {NAME: RULESET}, "runs": [[NAME, FILE], ...]} where a ruleset is a
// published one by name ("oas", "asyncapi") or a value with functions and formats by name. Standard output: one JSON
// line for each run. {"dump": true} writes the published rulesets with functions and formats by name instead.
const fs = require('fs');
const { createRequire } = require('module');

const load = createRequire(process.argv[2]);
const { Spectral, Document, Ruleset } = load('@stoplight/spectral-core');
const Parsers = load('@stoplight/spectral-parsers');
const formats = load('@stoplight/spectral-formats');
const core = load('@stoplight/spectral-functions');
const published = load('@stoplight/spectral-rulesets');
const { Resolver } = load('@stoplight/spectral-ref-resolver');

const nameOf = new Map();
for (const [name, format] of Object.entries(formats)) if (!nameOf.has(format) || name.length < nameOf.get(format).length) nameOf.set(format, name);

function withNames(value) {
  if (typeof value === 'function') return value.name || 'asyncApiDocumentSchema';
  if (Array.isArray(value)) return value.map(withNames);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) =>
    [key, key === 'formats' ? inner.map(format => nameOf.get(format)) : withNames(inner)]));
}

function withFunctions(value) {
  if (Array.isArray(value)) return value.map(withFunctions);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => {
    if (key === 'function') return [key, core[inner]];
    if (key === 'formats') return [key, inner.map(name => formats[name])];
    if (key === 'functionOptions') return [key, inner];
    return [key, withFunctions(inner)];
  }));
}

async function main() {
  const { dump, rulesets, runs } = JSON.parse(fs.readFileSync(0, 'utf8'));
  if (dump) return process.stdout.write(JSON.stringify({ oas: withNames(published.oas), asyncapi: withNames(published.asyncapi) }));
  for (const [name, file] of runs) {
    const ruleset = rulesets[name];
    const definition = typeof ruleset === 'string' ? { extends: [[published[ruleset], 'all']] } : withFunctions(ruleset);
    const spectral = new Spectral({ resolver: new Resolver({ resolvers: {} }) });
    spectral.setRuleset(new Ruleset(definition, { source: '/lint/ruleset.json' }));
    const parser = file.endsWith('.json') ? Parsers.Json : Parsers.Yaml;
    const shown = '/lint/' + file.split('/').pop();
    const results = await spectral.run(new Document(fs.readFileSync(file, 'utf8'), parser, shown));
    const found = results.map(one => [one.code, one.severity, one.message, one.path.map(String), one.range.start.line + 1]);
    process.stdout.write(JSON.stringify({ name, file, found }) + '\n');
  }
}

main();
