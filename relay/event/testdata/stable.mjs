// Makes stable.json: what JavaScript itself prints for JSON.stringify(JSON.parse(text)).
//
//   node stable.mjs > stable.json        (made with Node 20)
//
// Each line of "texts" is [input, output], the output null where JSON.parse refuses the input. Each line of "numbers"
// is [the float64's bits in hex, its JSON]. Integers beyond 2^53 are left out of texts: there the project differs on
// purpose. The random part comes from a fixed seed, so the same script makes the same file.

const texts = [
  // White space and the plain values.
  '{}', '[]', ' { } ', '[ ]', '\t\r\n 1 \n', 'true', ' false ', 'null', '""', '"a"', '0',
  '{ "a" : 1 , "b" : [ 1 , 2 , { "c" : null } ] }', '[[],{},[{}],""]',
  // Escapes.
  '"\\"\\\\\\/\\b\\f\\n\\r\\t"', '"\\u0000\\u0001\\u001F\\u001f\\u007f\\u0020"', '"\\u0008\\u0009\\u000a\\u000C\\u000D"',
  '"\\u0022\\u005c\\u002f\\u003c\\u003E\\u0026\\u2028\\u2029"', '"<b>&amp;</b>\u2028\u2029"', '"\u007f\u0080\u00e9\u4e2d\ud83d\ude00"',
  '"\\u00e9\\u4E2D\\ud83d\\ude00\\uD83D\\uDE00"', '"x\\ud83dy"', '"\\ude00"', '"\\uDE00\\uD83D"', '"\\ud83d\\ud83d\\ude00"',
  '"\\ud83d\\u0041"', '"\\udbff\\udfff\\ud800\\udc00"', '"\\uDBFF"', '"\\ud83d\\n\\ude00"', '"\\uffff\\ufffd\\ufeff"', '"a\\/b"',
  // Numbers.
  '-0', '-0.0', '-0e5', '0e-5', '0.0', '1.0', '1.50', '-1.50', '1e0', '1E+2', '1e21', '1E21', '1e20', '123e-20', '1e-6', '1e-7',
  '0.000001', '0.0000001', '0.00000123', '0.000000123456789012345', '123456789012345.6', '12345678901234.5', '0.1', '0.30000000000000004',
  '1234.5999999046326', '1e400', '-1e400', '1e-400', '5e-324', '2.2250738585072014e-308', '1.7976931348623157e308', '1.7976931348623159e308',
  '9007199254740991', '-9007199254740992', '9007199254740993.0', '100000000000000000000.0', '1000000000000000000000.0', '4.35', '0.000001234567890123456',
  '1.000000000000001', '1.0000000000000001', '99999999999999.9', '999999999999999.9', '0.1e1', '1.5e300', '-2.5e-9', '3.0e10',
  // Array indices come first, in ascending order; what only looks like one does not.
  '{"b":1,"2":2,"a":3,"1":4}', '{"10":1,"9":2,"a":0}', '{"1":1,"2":2,"a":3}', '{"a":1,"0":2}', '{"00":1,"0":2}', '{"-1":1,"1.5":2,"1":3}',
  '{"4294967294":1,"4294967293":2}', '{"4294967295":1,"1":2}', '{"1":2,"4294967295":1}', '{"a":1,"4294967295":2,"4294967294":3}', '{"99999999999":1,"5":2}',
  '{"\\u0031":1,"\\u0030":2}', '{"b":{"y":1,"3":{"q":1,"1":2}},"1":[{"x":1,"0":2}]}', '{"":1,"0":2}', '{"1e3":1,"+1":2," 1":3,"1 ":4,"0":5}',
  // Of equal keys the last value stands at the first one's place.
  '{"a":1,"b":2,"a":3}', '{"a":{"x":1},"b":2,"a":{"y":1}}', '{"a":1,"\\u0061":2}', '{"\\u0061":1,"b":0,"a":2}', '{"1":1,"0":2,"1":3}',
  '{"a":1,"1":2,"a":3,"1":4,"b":5}', '{"a":1,"a":2,"a":3}', '{"":1,"":2}', '{"\\n":1,"\\u000a":2}', '{"\\ud83d\\ude00":1,"\ud83d\ude00":2}',
  '{"\\ud800":1,"\\uD800":2,"\\ud801":3}', '{"x":{"a":1,"a":{"2":0,"1":0}},"x":{"b":[{"k":1,"k":2}],"0":0}}', '[{"a":1,"a":2},{"2":1,"1":2}]',
  '{"__proto__":1,"a":2}', '{"a":2,"__proto__":{"b":1},"__proto__":3}', '{"constructor":1,"toString":2,"length":3,"0":4}',
  '{ "b" : 1 , "a" : { "y\\/" : 2 , "7" : 1.0 } , "0" : [ ] }',
  // Refused.
  '', ' ', '{', '[', '"', '{"a"', '{"a":', '{"a":1', '{"a":1,', '{"a":1,}', '[1,]', '[,1]', '[1 2]', '{"a" 1}', '{a:1}', "{'a':1}", '{1:2}', '{"a":1 "b":2}',
  '{,}', '}', ']', ',', ':', '1 2', '{}{}', 'nul', 'nulll', 'True', 'NaN', 'Infinity', '-Infinity', 'undefined', '01', '-01', '00', '+1', '.5', '5.', '5.e1',
  '1e', '1e+', '-', '--1', '0x10', '1_000', '"\\x41"', '"\\u12"', '"\\u12G4"', '"\\u"', '"\\', '"\\"', '"a\nb"', '"\u0000"', '"\u001f"', '"\t"', '\ufeff{}',
  '\u00a0{}', '{"a":1}x', '// c\n1', '/* c */1', '[1]]', '{"a":[}', '{"a":1]', '[1}', '"a""b"', 'tru', 'f', '-a', '1.a', '1e5.5', '{"\n":1}', '\v1', '\f1', '[\u20281]',
];

let seed = 20240229;
function random(n) {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return Math.floor(seed / 4294967296 * n);
}
const pick = (list) => list[random(list.length)];
const space = () => random(4) ? '' : pick([' ', '\n', '\t ', '\r\n', '  ']);
const hex = (unit) => '\\u' + pick([(s) => s, (s) => s.toUpperCase()])(unit.toString(16).padStart(4, '0'));

function character() {
  switch (random(12)) {
    case 0: return pick(['\\n', '\\t', '\\"', '\\\\', '\\/', '\\b', '\\f', '\\r']);
    case 1: return hex(random(0x80));
    case 2: return hex(random(0x10000));
    case 3: return hex(0xd800 + random(0x800));
    case 4: return hex(0xd83d) + hex(0xde00 + random(0x40));
    case 5: return pick(['é', '中', '😀', '\u2028', '\u007f', '<', '&']);
    default: return String.fromCharCode(97 + random(26));
  }
}
function string(most) {
  let s = '"';
  for (let n = random(most); n > 0; n--) s += character();
  return s + '"';
}
function key() {
  switch (random(5)) {
    case 0: return `"${random(12)}"`;
    case 1: return pick(['"4294967294"', '"4294967295"', '"01"', '"-1"', '"\\u0033"', '"__proto__"', '""']);
    case 2: return string(6);
    default: return `"${pick(['a', 'b', 'c', 'd', '\\u0061', 'id', 'name'])}"`;
  }
}
function number() {
  const sign = pick(['', '', '-']);
  switch (random(5)) {
    case 0: return sign + random(1000);
    case 1: return sign + random(1e9) + '.' + random(1e9);
    case 2: return sign + '0.' + '0'.repeat(random(9)) + random(1e6);
    case 3: return sign + random(100) + pick(['e', 'E', 'e-', 'E+']) + random(30);
    default: return sign + random(10) + '.' + random(1e9) + random(1e9) + 'e' + pick(['', '-']) + random(320);
  }
}
function value(depth) {
  const what = random(depth > 4 ? 5 : 9);
  if (what < 2) return number();
  if (what < 4) return string(8);
  if (what === 4) return pick(['true', 'false', 'null']);
  const parts = [];
  const object = what < 8;
  for (let n = random(6); n > 0; n--) {
    const v = space() + value(depth + 1) + space();
    parts.push(object ? space() + key() + space() + ':' + v : v);
  }
  return object ? '{' + parts.join(',') + space() + '}' : '[' + parts.join(',') + space() + ']';
}
for (let n = 0; n < 400; n++) {
  let text = value(random(3));
  if (random(8) === 0) text = text.slice(0, random(text.length)) + pick(['', ',', '}', '"', '\\', '1']) + text.slice(random(text.length));
  if (/\d{16}/.test(text) || !text.isWellFormed()) continue; // the latter cannot be written as UTF-8
  texts.push(text);
}

function print(text) {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return null;
  }
}

const bits = new DataView(new ArrayBuffer(8));
const numbers = [0, -0, 1, -1, 1e21, 1e20, 999999999999999900000, 1e-6, 1e-7, 9.999999e-7, 1e100, 1e-100, 5e-324, Number.MAX_VALUE, NaN, Infinity, -Infinity,
  0.1, 1 / 3, 123456789.123456789, 2 ** 53, 2 ** 53 + 2, 2 ** 63, -(2 ** 70), 4.35, 1.1e21, 1.5e-9];
for (let n = 0; n < 300; n++) {
  bits.setUint32(0, random(2) ? random(4294967296) : 0x3d000000 + random(0x08000000));
  bits.setUint32(4, random(3) ? random(4294967296) : 0);
  numbers.push(bits.getFloat64(0));
}
const hexOf = (f) => {
  bits.setFloat64(0, f);
  return bits.getBigUint64(0).toString(16).padStart(16, '0');
};

const lines = (list) => list.map((x) => JSON.stringify(x)).join(',\n');
process.stdout.write(`{"texts":[\n${lines(texts.map((t) => [t, print(t)]))}\n],"numbers":[\n${lines(numbers.map((f) => [hexOf(f), JSON.stringify(f)]))}\n]}\n`);
