package call_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/call"
)

// TestFillInverseKeepsWhatWasThere: what an intruder wrote into a policy goes back as it was.
func TestFillInverseKeepsWhatWasThere(t *testing.T) {
	asked := 0
	secret := func() (string, error) { asked++; return `p"w`, nil }
	for _, test := range []struct {
		name, in, send, record string
		asked                  int
	}{
		{"a policy that holds every fill-in", `{"PolicyDocument":"{\"Resource\":\"${now}${token}${secret}\"}"}`,
			`{"PolicyDocument":"{\"Resource\":\"${now}${token}${secret}\"}"}`, `{"PolicyDocument":"{\"Resource\":\"${now}${token}${secret}\"}"}`, 0},
		{"a new password", `{"Password":"${secret}","UserName":"a"}`, `{"Password":"p\"w","UserName":"a"}`, `{"Password":"${secret}","UserName":"a"}`, 1},
		{"a token", `{"ClientRequestToken":"${token}"}`, `{"ClientRequestToken":"tok"}`, `{"ClientRequestToken":"tok"}`, 0},
		{"a whole field that says now", `{"Description":"${now}"}`, `{"Description":"${now}"}`, `{"Description":"${now}"}`, 0},
		{"nested", `{"Tags":[{"Value":"${secret}"}]}`, `{"Tags":[{"Value":"${secret}"}]}`, `{"Tags":[{"Value":"${secret}"}]}`, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			asked = 0
			send, record, err := call.FillInverse(quell.Call{Op: "x:Y", Input: json.RawMessage(test.in)}, "tok", secret)
			if err != nil || string(send.Input) != test.send || string(record.Input) != test.record || asked != test.asked {
				t.Errorf("sends %s, records %s, asked for %d secrets, %v", send.Input, record.Input, asked, err)
			}
		})
	}
	if _, _, err := call.FillInverse(quell.Call{Input: json.RawMessage(`[`)}, "", secret); err == nil {
		t.Error("a broken input was filled")
	}
}

// TestFillInverseOfAnyText: of an edit and an input of any text, every byte survives.
func TestFillInverseOfAnyText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOf(rapid.SampledFrom([]string{"${now}", "${secret}", "${token}", `"`, "\n", "é", "<", "a", `\u0000`})).Draw(t, "text"), "") + "!"
		input, err := json.Marshal(map[string]string{"Policy": text})
		if err != nil {
			t.Fatal(err)
		}
		edit := &quell.Edit{Add: []json.RawMessage{input}, Remove: []string{text}}
		none := func() (string, error) { t.Fatal("asked for a secret"); return "", nil }
		send, record, err := call.FillInverse(quell.Call{Input: input, Edit: edit}, "tok", none)
		if err != nil || string(send.Input) != string(input) || string(record.Input) != string(input) || string(send.Edit.Add[0]) != string(input) {
			t.Errorf("%s became %s, %v", input, send.Input, err)
		}
		if _, _, err := call.Fill(quell.Call{Input: json.RawMessage(`{}`), Edit: edit}, time.Time{}, "tok", none); err != nil {
			t.Error(err)
		}
	})
}
