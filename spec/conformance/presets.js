// What npm libraries make of documents, by the name of a preset: `node presets.js PRESET < paths`
// prints the path, a tab and JSON for each. What a library leaves out of a convention is done here,
// behind it.
const fs = require('fs');
const { Parser } = require('xml2js');
const { XMLParser } = require('fast-xml-parser');
const onml = require('onml');

const trim = (text) => text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');

// fast-xml-parser with its texts as they stand: it would trim each piece of a mixed content, and make
// a plain space of &#160;.
function parse(text, options) {
  return new XMLParser({
    ignoreAttributes: false, parseTagValue: false, parseAttributeValue: false, trimValues: false,
    htmlEntities: true, ignoreDeclaration: true, ignorePiTags: true, ...options,
  }).parse(text.replace(/&#160;/g, '\u00a0'));
}

// Edges of texts, and what is left of an element that has none.
function settle(value, text, empty) {
  if (typeof value === 'string') return trim(value) || empty;
  if (Array.isArray(value)) return value.map((item) => settle(item, text, empty));
  const settled = {};
  for (const key of Object.keys(value)) {
    if (key === text && trim(value[key]) !== '') settled[key] = trim(value[key]);
    else if (key !== text && typeof value[key] === 'string' && key[0] === '@') settled[key] = value[key];
    else if (key !== text) settled[key] = settle(value[key], text, empty);
  }
  return Object.keys(settled).length === 0 ? empty : settled;
}

// The same where attributes have no prefix: then all that is a string is one.
function settleMerged(value, text) {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map((item) => settleMerged(item, text));
  const settled = {};
  for (const key of Object.keys(value)) {
    if (key !== text) settled[key] = settleMerged(value[key], text);
    else if (trim(value[key]) !== '') settled[key] = trim(value[key]);
  }
  return settled;
}

// BadgerFish gives each element the namespaces of its scope.
function scoped(value, around) {
  if (Array.isArray(value)) return value.map((item) => scoped(item, around));
  if (typeof value !== 'object') return value;
  const scope = { ...around }, result = {};
  for (const key of Object.keys(value)) {
    if (key === '@xmlns') scope.$ = value[key];
    else if (key.startsWith('@xmlns:')) scope[key.slice(7)] = value[key];
  }
  if (Object.keys(scope).length !== 0) result['@xmlns'] = scope;
  for (const key of Object.keys(value)) {
    if (!/^@xmlns(:|$)/.test(key)) result[key] = scoped(value[key], scope);
  }
  return result;
}

// onml writes an object of attributes for each element.
function withoutEmpty(value) {
  if (!Array.isArray(value)) return value;
  const attributes = Object.keys(value[1]).length !== 0 ? [value[1]] : [];
  return [value[0], ...attributes, ...value.slice(2).map(withoutEmpty)];
}

const dollar = (name) => name.replace(':', '$');

const libraries = {
  default(text) {
    return settle(parse(text, { attributeNamePrefix: '@', textNodeName: '#text' }), '#text', '');
  },
  badgerfish(text) {
    const settled = settle(parse(text, {
      attributeNamePrefix: '@', textNodeName: '$', alwaysCreateTextNode: true,
    }), '$', {});
    return Object.fromEntries(Object.entries(settled).map(([key, item]) => [key, scoped(item, {})]));
  },
  gdata(text) {
    return settleMerged(parse(text, {
      attributeNamePrefix: '', textNodeName: '$t', alwaysCreateTextNode: true,
      transformTagName: dollar, transformAttributeName: dollar,
    }), '$t');
  },
  jsonml(text) {
    return withoutEmpty(onml.parse(text));
  },
  xml2js(text) {
    let value;
    new Parser({ async: false }).parseString(text, (err, result) => {
      if (err) throw err;
      value = result;
    });
    return value;
  },
};

for (const path of fs.readFileSync(0, 'utf8').split('\n').filter(Boolean)) {
  // Line ends are what XML makes of them, which the libraries do not see to.
  const text = fs.readFileSync(path, 'utf8').replace(/\r\n?/g, '\n');
  let json;
  try {
    json = JSON.stringify(libraries[process.argv[2]](text));
  } catch {
    json = 'error';
  }
  console.log(path + '\t' + json);
}
