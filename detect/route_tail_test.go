package detect

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestTailOf(t *testing.T) {
	for suffix, want := range map[string]string{"/name": "name", ":a@b": "a@b", "name": "", "/": "", "/a/b": "", ":a:b": "", "/a:b": "", "": ""} {
		if got, ok := tailOf([]byte(suffix)); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", suffix, got, ok)
		}
	}
}

// TestFastAgreesWithSlowOnEndings compares the evaluators where many rules ask for names at the end of ids, folded or not, and
// where objects and escapes end like them.
func TestFastAgreesWithSlowOnEndings(t *testing.T) {
	ending := rapid.SampledFrom([]string{"/ann", ":ann", "/ANN", "ann", "/a:n", ":", "/k", "/ö", `/s"}`, "/x/ann"})
	rapid.Check(t, func(rt *rapid.T) {
		var rules []*Rule
		for i := range rapid.IntRange(1, 5).Draw(rt, "rules") {
			mod := rapid.SampledFrom([]string{"|endswith", "|endswith|cased", "|endswith|all", "|endswith|neq"}).Draw(rt, "mod")
			list := rapid.SliceOfN(ending, 1, 3).Draw(rt, "endings")
			for k := range list {
				list[k] = "'" + list[k] + "'"
			}
			text := detection(fmt.Sprintf("r%d", i), "s:", "    "+drawField(rt)+mod+": ["+strings.Join(list, ", ")+"]",
				"condition: "+rapid.SampledFrom([]string{"s", "not s"}).Draw(rt, "condition"))
			got, problems := Parse("drawn.yml", []byte(text))
			if len(problems) > 0 {
				rt.Fatalf("%v\n%s", problems, text)
			}
			rules = append(rules, got...)
		}
		w := mustCompile(t, rules, Options{}).NewWorker()
		value := func() string {
			return rapid.SampledFrom([]string{`"role/ann"`, `"AROA:Ann"`, `"a/b:ann"`, `"ann"`, `"/\u0061nn"`, `"x\/ann"`, `"/ann/"`, `"/\u212a"`, `"x/Ö"`,
				`{"b":"x/s"}`, `["/x","y:ann"]`, `null`, `7`}).Draw(rt, "value")
		}
		raw := []byte(`{"eventName":` + value() + `,"a":{"b":` + value() + `},"b":` + value() + `}`)
		if slow, fast := slowJudge(t, rules, raw), fastJudge(w, raw); !slices.Equal(slow, fast) {
			rt.Fatalf("slow %v, fast %v for %s", slow, fast, raw)
		}
	})
}
