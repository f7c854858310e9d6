package detect

import (
	"strconv"
	"strings"
	"testing"
)

// TestLanguage says for each trap of the language what matches and what does not; the slow judge must agree.
func TestLanguage(t *testing.T) {
	tests := []struct {
		name, sel string
		yes, no   []string
	}{
		{"case", `eventName: consolelogin`, []string{`{"eventName":"ConsoleLogin"}`}, []string{`{"eventName":"ConsoleLogins"}`, `{}`}},
		{"cased", `eventName|cased: ConsoleLogin`, []string{`{"eventName":"ConsoleLogin"}`}, []string{`{"eventName":"consolelogin"}`}},
		{"kelvin sign", `a: 'K'`, []string{`{"a":"\u212a"}`, `{"a":"k"}`, "{\"a\":\"\u212a\"}"}, []string{`{"a":"c"}`}},
		{"unicode case", `a|contains: 'Äß'`, []string{`{"a":"xäẞ"}`}, []string{`{"a":"ass"}`}},
		{"list is or", "a:\n  - x\n  - y", []string{`{"a":"x"}`, `{"a":"Y"}`}, []string{`{"a":"z"}`, `{"a":"xy"}`}},
		{"map is and", "a: x\nb: y", []string{`{"a":"x","b":"y"}`}, []string{`{"a":"x"}`, `{"a":"x","b":"x"}`}},
		{"nested", `a.b.c: x`, []string{`{"a":{"b":{"c":"x"}}}`, `{"a":{"b.c":"x"}}`, `{"a.b":{"c":"x"}}`, `{"a.b.c":"x"}`}, []string{`{"a":{"b":"x"}}`, `{"c":"x"}`}},
		{"arrays", `a.b: x`, []string{`{"a":[{"b":"y"},{"b":"x"}]}`, `{"a":{"b":["y","x"]}}`, `{"a":[[{"b":[["x"]]}]]}`}, []string{`{"a":[{"c":"x"}]}`, `{"a":["x"]}`}},
		{"null", `a.b: null`, []string{`{}`, `{"a":null}`, `{"a":{"b":null}}`, `{"a":{"b":[]}}`, `{"a":"x"}`, `{"a":{"b":["x",null]}}`}, []string{`{"a":{"b":""}}`, `{"a":{"b":{}}}`, `{"a":{"b":false}}`}},
		{"empty", `a: ''`, []string{`{"a":""}`}, []string{`{}`, `{"a":null}`, `{"a":" "}`, `{"a":{}}`}},
		{"exists", `a|exists: true`, []string{`{"a":null}`, `{"a":""}`, `{"a":[]}`, `{"a":{}}`}, []string{`{}`, `{"b":{"a":1}}`}},
		{"missing", `a.b|exists: false`, []string{`{}`, `{"a":1}`, `{"a":[]}`}, []string{`{"a":{"b":null}}`}},
		{"number", `a: 22`, []string{`{"a":22}`, `{"a":"22"}`, `{"a":22.0}`, `{"a":2.2e1}`}, []string{`{"a":"22.0"}`, `{"a":220}`}},
		{"number as text", `a: '22'`, []string{`{"a":22}`, `{"a":"22"}`}, []string{`{"a":22.0}`}},
		{"account id", `a: 012345678901`, []string{`{"a":"012345678901"}`}, []string{`{"a":12345678901}`}},
		{"bool", `a: true`, []string{`{"a":true}`, `{"a":"true"}`, `{"a":"True"}`}, []string{`{"a":false}`, `{"a":1}`}},
		{"bool as text", `a: 'false'`, []string{`{"a":false}`, `{"a":"FALSE"}`}, []string{`{"a":null}`, `{}`}},
		{"star", `a: 'x*z'`, []string{`{"a":"xz"}`, `{"a":"xYYz"}`}, []string{`{"a":"xzy"}`, `{"a":"yxz"}`}},
		{"question mark", `a: 'x?z'`, []string{`{"a":"xyz"}`, `{"a":"xäz"}`, `{"a":"x\u20acz"}`}, []string{`{"a":"xz"}`, `{"a":"xyyz"}`}},
		{"question marks between stars", `a: '*a?c*e?'`, []string{`{"a":"xxabcxxef"}`, `{"a":"aacacceé"}`}, []string{`{"a":"abce"}`, `{"a":"acxef"}`}},
		{"escaped star", `a: 'x\*z'`, []string{`{"a":"x*z"}`}, []string{`{"a":"xyz"}`, `{"a":"x\\*z"}`}},
		{"escaped question mark", `a|contains: '\?'`, []string{`{"a":"why?"}`}, []string{`{"a":"why"}`}},
		{"backslashes", `a: 'x\\*'`, []string{`{"a":"x\\"}`, `{"a":"x\\y"}`}, []string{`{"a":"x*"}`}},
		{"three backslashes", `a: 'x\\\*'`, []string{`{"a":"x\\*"}`}, []string{`{"a":"x\\y"}`}},
		{"plain backslash", `a: 'c:\dir'`, []string{`{"a":"C:\\dir"}`}, []string{`{"a":"C:dir"}`}},
		{"contains anything", `a|contains: '*'`, []string{`{"a":"x"}`, `{"a":""}`, `{"a":{"b":1}}`, `{"a":[1]}`}, []string{`{"a":null}`, `{"a":[]}`, `{}`}},
		{"startswith", `a|startswith: ab`, []string{`{"a":"ABc"}`}, []string{`{"a":"cab"}`}},
		{"endswith", `a|endswith: ab`, []string{`{"a":"cAB"}`}, []string{`{"a":"abc"}`}},
		{"contains all", "a|contains|all:\n  - x\n  - y", []string{`{"a":"yx"}`, `{"a":["x","y"]}`}, []string{`{"a":"xx"}`}},
		{"contains in object", `a|contains: 'Susp'`, []string{`{"a":{"b":{"c":"Suspended"}}}`, `{"a":{"susp":1}}`, `{"a":{"b":["x","\u0073usp"]}}`}, []string{`{"a":{"b":"s usp"}}`}},
		{"quotes in object", `a|contains: '"s3:Get"'`, []string{`{"a":{"p":"{\"Action\":\"s3:Get\"}"}}`, `{"a":{"p":"s3:get"}}`}, []string{`{"a":{"p":"s3:get*"}}`}},
		{"spaces in object", `a|contains: '"b":1,"c"'`, []string{`{"a":{"b":1,"c":2}}`, "{\"a\": { \"b\" : 1 ,\n \"c\" : 2 } }"}, []string{`{"a":{"b":12,"c":2}}`}},
		{"object is no value", `a: '{}'`, []string{`{"a":"{}"}`}, []string{`{"a":{}}`}},
		{"json in a string", `a.b: x`, nil, []string{`{"a":"{\"b\":\"x\"}"}`}},
		{"json string contains", `a|contains: '"b":"x"'`, []string{`{"a":"{\"b\":\"x\"}"}`}, []string{`{"a":"b"}`}},
		{"re", `a|re: '^x.z$'`, []string{`{"a":"xyz"}`, `{"a":{"b":"xyz"}}`}, []string{`{"a":"XYZ"}`, `{"a":"xyzz"}`}},
		{"re i", `a|re|i: '^x.z$'`, []string{`{"a":"XYZ"}`}, []string{`{"a":"x\nz"}`}},
		{"re s", `a|re|i|s: '^x.z$'`, []string{`{"a":"X\nZ"}`}, []string{`{"a":"x"}`}},
		{"re m", `a|re|m: '^y$'`, []string{`{"a":"x\ny\nz"}`}, []string{`{"a":"xyz"}`}},
		{"re unanchored", `a|re: '.+:assumed-role/aws:.+'`, []string{`{"a":"arn:aws:sts::1:assumed-role/aws:ec2/i-1"}`}, []string{`{"a":":assumed-role/aws:"}`}},
		{"cidr", "a|cidr:\n  - 10.0.0.0/8\n  - 2001:db8::/32", []string{`{"a":"10.1.2.3"}`, `{"a":"2001:DB8::1"}`, `{"a":"::ffff:10.0.0.1"}`}, []string{`{"a":"11.0.0.1"}`, `{"a":"10.0.0.01"}`, `{"a":"ec2.amazonaws.com"}`, `{"a":10}`}},
		{"gt", `a|gt: 5`, []string{`{"a":6}`, `{"a":"5.5"}`, `{"a":[1,9]}`}, []string{`{"a":5}`, `{"a":"x"}`, `{"a":"0x9"}`, `{"a":null}`}},
		{"gte lt", "a|gte: 5\nb|lt: -1.5", []string{`{"a":5,"b":-2}`}, []string{`{"a":5,"b":-1.5}`}},
		{"lte", `a|lte: 1e3`, []string{`{"a":1000}`}, []string{`{"a":1001}`}},
		{"fieldref", `a|fieldref: b.c`, []string{`{"a":"X","b":{"c":"x"}}`, `{"a":1,"b":{"c":["2","1"]}}`}, []string{`{"a":"x"}`, `{"a":null,"b":{"c":null}}`, `{"a":"xy","b":{"c":"x"}}`}},
		{"fieldref endswith", `a|fieldref|endswith: b`, []string{`{"a":"arn:user/Bob","b":"bob"}`}, []string{`{"a":"arn:bob/x","b":"bob"}`}},
		{"fieldref contains cased", `a|contains|fieldref|cased: b`, []string{`{"a":"xBoby","b":"Bob"}`}, []string{`{"a":"xboby","b":"Bob"}`}},
		{"base64", `a|base64|contains: 'foo bar'`, []string{`{"a":"xxZm9vIGJhcg==yy"}`}, []string{`{"a":"foo bar"}`}},
		{"base64offset", `a|base64offset|contains: 'http://'`, []string{`{"a":"aHR0cDovL"}`, `{"a":"odHRwOi8v"}`, `{"a":"IGh0dHA6Ly9"}`}, []string{`{"a":"http://"}`}},
		{"wide base64", `a|wide|base64offset|contains: 'ab'`, []string{`{"a":"YQBiA"}`, `{"a":"xEAYg"}`}, []string{`{"a":"YWI="}`}},
		{"utf16 base64", `a|utf16|base64|startswith: 'a'`, []string{`{"a":"//5hAA=="}`}, []string{`{"a":"YQA="}`}},
		{"utf16be base64", `a|utf16be|base64: 'a'`, []string{`{"a":"AGE="}`}, []string{`{"a":"YQA="}`}},
		{"windash", `a|windash|contains: ' -enc -x'`, []string{`{"a":"p /enc –x"}`, `{"a":"p -enc ―X"}`}, []string{`{"a":"p enc x"}`}},
		{"neq", `a|neq: x`, []string{`{"a":"y"}`, `{}`}, []string{`{"a":"X"}`, `{"a":["y","x"]}`}},
		{"neq list", "a|neq:\n  - x\n  - y", []string{`{"a":"z"}`}, []string{`{"a":"x"}`, `{"a":"y"}`}},
		{"hour", `t|hour|gte: 22`, []string{`{"t":"2024-07-30T22:31:21Z"}`}, []string{`{"t":"2024-07-30T21:31:21Z"}`, `{"t":"2024-07-30"}`, `{"t":"x"}`}},
		{"time parts", "t|minute: 5\nt|day: 1\nt|month: 2\nt|year: 2024\nt|week: 5", []string{`{"t":"2024-02-01 10:05:00"}`}, []string{`{"t":"2024-02-01 10:06:00"}`}},
		{"keyword", "- 'evil*corp'\n- 7", []string{`{"x":{"y":["an EVIL corp"]}}`, `{"a":17}`, `{"evil":"corp"}`, `{"a":"evil\u0020corp"}`}, []string{`{"x":"evi l corp"}`}},
		{"keywords all", "'|all':\n  - foo\n  - bar", []string{`{"x":"foo","y":"bar"}`}, []string{`{"x":"foo"}`}},
		{"keyword re", "'|re': '^a+$'", []string{`{"x":["aaa"]}`}, []string{`{"x":"ab"}`}},
		{"list of maps", "- a: x\n  b: y\n- c|contains: z", []string{`{"a":"x","b":"y"}`, `{"c":"xz"}`}, []string{`{"a":"x"}`}},
		{"null in a list", "a:\n  - null\n  - x", []string{`{}`, `{"a":"x"}`}, []string{`{"a":"y"}`}},
		{"duplicate key", `a: x`, []string{`{"a":"y","a":"x"}`}, []string{`{"a":"y","a":"y"}`}},
		{"escaped key", `ab: x`, []string{`{"\u0061b":"x"}`}, nil},
		{"surrogates", `a: '😀'`, []string{`{"a":"\ud83d\ude00"}`}, []string{`{"a":"\ud83d"}`, `{"a":"\ude00\ud83d"}`}},
		{"long list", "a|contains:\n" + manyWords(40), []string{`{"a":"..w7x.."}`, `{"a":{"k":"w39x"}}`, `{"a":{"k":"w\u00339x"}}`}, []string{`{"a":"w40x"}`, `{"a":"w"}`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sel := "sel:\n    " + strings.ReplaceAll(tt.sel, "\n", "\n    ")
			rules := mustRules(t, detection("r", sel, "condition: sel"))
			w := mustCompile(t, rules, Options{}).NewWorker()
			for _, want := range []bool{true, false} {
				records := tt.no
				if want {
					records = tt.yes
				}
				for _, raw := range records {
					if got := len(w.One([]byte(raw))) == 1; got != want {
						t.Errorf("fast: %v for %s", got, raw)
					}
					if got := len(slowJudge(t, rules, []byte(raw))) == 1; got != want {
						t.Errorf("slow: %v for %s", got, raw)
					}
				}
			}
		})
	}
}

func manyWords(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("  - w")
		b.WriteString(strconv.Itoa(i))
		b.WriteString("x\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}
