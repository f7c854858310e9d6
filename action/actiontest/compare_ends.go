package actiontest

import (
	"encoding/json"
	"regexp"
	"slices"

	"github.com/google/go-cmp/cmp"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
)

// madeUp matches what an account makes up by itself: keys, unique ids, times. Two accounts seeded alike differ in these
// alone. Sources: IAM user guide, "Unique identifiers"; moto makes ids of lower case and digits.
var madeUp = regexp.MustCompile(`(AKIA|ASIA|AIDA|AROA|ANPA|APKA|ACCA)[A-Z0-9]{12,}|\b[a-z0-9]{20}\b|\d{4}-\d\d-\d\dT[0-9:.]+Z?`)

// sameEnd compares the states of two accounts, without what is volatile, may be left, or was made up.
func sameEnd(a *action.Action, x, y json.RawMessage) bool {
	return cmp.Equal(anonymous(strip(a, x)), anonymous(strip(a, y)))
}

// anonymous takes out what was made up. A map whose keys were becomes a list: its values in an order of their own.
func anonymous(v any) any {
	switch v := v.(type) {
	case string:
		return madeUp.ReplaceAllString(v, "#")
	case []any:
		out := make([]any, 0, len(v))
		for _, item := range v {
			out = append(out, anonymous(item))
		}
		return out
	case map[string]any:
		var list []string
		out := map[string]any{}
		for key, item := range v {
			if !madeUp.MatchString(key) {
				out[key] = anonymous(item)
				continue
			}
			text, err := quell.Canonical(anonymous(item))
			if err != nil {
				text = []byte(err.Error())
			}
			list = append(list, madeUp.ReplaceAllString(key, "#")+" "+string(text))
		}
		if list != nil {
			slices.Sort(list)
			out["#"] = list
		}
		return out
	}
	return v
}
