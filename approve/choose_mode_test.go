package approve

import (
	"testing"

	"github.com/quell-ir/quell"
)

func TestMode(t *testing.T) {
	open := quell.Incident{Standing: quell.Open}
	confirmed := quell.Incident{Standing: quell.Confirmed}
	exposed := quell.Incident{Standing: quell.Open, Exposed: true}
	dismissed := quell.Incident{Standing: quell.Dismissed, Exposed: true}
	auto, approve, manual := quell.Auto, quell.Approve, quell.Manual
	tests := []struct {
		name                   string
		step                   quell.Mode
		phase                  quell.Phase
		collects, irreversible bool
		incident               quell.Incident
		want                   [3]quell.Mode // by level
	}{
		{"containment, open", auto, quell.Contain, false, false, open, [3]quell.Mode{approve, approve, auto}},
		{"containment, confirmed", auto, quell.Contain, false, false, confirmed, [3]quell.Mode{approve, auto, auto}},
		{"containment, exposed", auto, quell.Contain, false, false, exposed, [3]quell.Mode{approve, auto, auto}},
		{"containment, dismissed", auto, quell.Contain, false, false, dismissed, [3]quell.Mode{approve, approve, approve}},
		{"containment, closed", auto, quell.Contain, false, false, quell.Incident{Standing: quell.Ended}, [3]quell.Mode{approve, approve, approve}},
		{"eradication, confirmed", auto, quell.Eradicate, false, false, confirmed, [3]quell.Mode{approve, approve, auto}},
		{"collecting", auto, quell.Preserve, true, false, open, [3]quell.Mode{auto, auto, auto}},
		{"collecting, dismissed", auto, quell.Preserve, true, false, dismissed, [3]quell.Mode{auto, auto, auto}},
		{"collecting that asks", approve, quell.Preserve, true, false, confirmed, [3]quell.Mode{approve, approve, approve}},
		{"irreversible containment", auto, quell.Contain, false, true, exposed, [3]quell.Mode{approve, approve, approve}},
		{"irreversible collecting", auto, quell.Preserve, true, true, confirmed, [3]quell.Mode{approve, approve, approve}},
		{"asks", approve, quell.Contain, false, false, exposed, [3]quell.Mode{approve, approve, approve}},
		{"by hand", manual, quell.Contain, false, true, exposed, [3]quell.Mode{manual, manual, manual}},
		{"unknown", "sometimes", quell.Contain, false, false, exposed, [3]quell.Mode{approve, approve, approve}},
	}
	for _, tt := range tests {
		for i, level := range Levels() {
			if got := Mode(level, quell.Step{Mode: tt.step}, tt.phase, tt.collects, tt.irreversible, tt.incident); got != tt.want[i] {
				t.Errorf("%s at %s: %s, want %s", tt.name, level, got, tt.want[i])
			}
		}
		for _, level := range []Level{"", "everything"} {
			got := Mode(level, quell.Step{Mode: tt.step}, tt.phase, tt.collects, tt.irreversible, tt.incident)
			if got != tt.want[0] {
				t.Errorf("%s at level %q: %s, want %s as at %s", tt.name, level, got, tt.want[0], ApprovalRequired)
			}
		}
	}
}

func TestParseLevel(t *testing.T) {
	for _, level := range Levels() {
		if got, err := ParseLevel(string(level)); err != nil || got != level {
			t.Errorf("%s: %v %v", level, got, err)
		}
	}
	if got, err := ParseLevel(""); err != nil || got != ApprovalRequired {
		t.Errorf("empty: %v %v", got, err)
	}
	if _, err := ParseLevel("auto"); quell.CodeOf(err) != quell.CodeUsage {
		t.Errorf("auto: %v", err)
	}
}
