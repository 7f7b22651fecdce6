"""Makes canonical.json: what Python makes of the texts in TEXTS.

    python3 canonical.py > canonical.json

The tests read canonical.json and need no Python. shorten and the json.dumps call are
the expression that Didit documents for X-Signature-V2.
"""

import json

TEXTS = [
    '{"b":1,"a":2}',
    ' { "b" : [ 1 , 2 ] ,\n\t"a" : { "d" : null , "c" : true } }\r\n',
    '[]', '{}', '[{}]', '{"a":[]}', '"text"', '7', 'null', 'false',
    '{"score":95.0,"half":92.5,"zero":0.0,"minus":-0.0,"minus_int":-0}',
    '[1e5,1E5,1e+5,1e-5,1.5e-7,1e-4,0.0001,0.00012,123456789.125,1e16,1e15,1e22,1.7976931348623157e308]',
    '[1e-400,5e-324,2.2250738585072014e-308,0.1,0.30000000000000004,1e23,9007199254740993,9007199254740993.0]',
    '[123456789012345678901234567890,-123456789012345678901234567890]',
    '[1.0,-1.0,10.50,100e-2,12e-1]',
    '{"name":"Jos\\u00e9 \\u00d1and\\u00fa","raw":"José Ñandú"}',
    '{"quote":"a\\"b","slash":"\\/","back":"\\\\","controls":"\\u0000\\u0001\\u001f\\b\\f\\n\\r\\t","del":"\\u007f"}',
    '{"html":"<b>&amp;</b>","ls":"\\u2028","ps":"\\u2029"}',
    '{"emoji":"\\ud83d\\ude00","raw":"😀","han":"\\u6f22\\u5b57"}',
    '{"\\uff5e":1,"\\ud83d\\ude00":2,"~":3,"\\u00e9":4}',
    '{"\\"":1,"#":2,"!":3,"\\\\":4,"]":5,"[":6}',
    '{"\\n":1,"\\t":2,"a":3," ":4}',
    '{"a":1,"a":2}', '{"a":{"x":1},"b":2,"a":{"y":2}}', '{"b":1,"\\u0061":2,"a":3}',
    '{"aa":1,"a":2,"":3,"ab":4}',
    '{"z":{"y":{"x":{"w":1,"v":2},"u":3},"t":4},"s":[{"r":1,"q":2},{"p":[{"o":1,"n":2}]}]}',
    '{"A":1,"a":2,"_":3,"0":4}',
    '{"\\u0020":1,"\\u001f":2,"\\u0001":3,"\\u0000":4,"\\r":5,"\\n":6,"\\t":7,"\\b":8,"\\f":9,"\\u000b":10}',
    '{"a\\u000Ab":1,"a\\nb\\u0022":2,"a\\/b":3,"a/":4,"a\\u005cb":5,"a\\u002Fa":6,"a\\u0008":7,"a\\u0009":8,"a\\u000c":9,"a\\u000d":10}',
    '{"\\u007f":1,"\\u0080":2,"~":3,"\\uffff":4,"\\ud800\\udc00":5,"\\ue000":6,"\\ud7ff":7,"\\udbff\\udfff":8}',
    '{"a\\n":1,"b":2,"a\\u000a":3,"a\\n\\n":4}',
]


def shorten(value):
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: shorten(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shorten(item) for item in value]
    return value


def canonical(text):
    return json.dumps(shorten(json.loads(text)), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


if __name__ == "__main__":
    print(json.dumps([{"text": text, "canonical": canonical(text)} for text in TEXTS], indent=1))
