package call

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quell-ir/quell"
)

func statement(sid string, n int) json.RawMessage {
	if sid == "" {
		return json.RawMessage(fmt.Sprintf(`{"Effect":"Allow","N":%d}`, n))
	}
	return json.RawMessage(fmt.Sprintf(`{"Sid":%q,"Effect":"Allow","N":%d}`, sid, n))
}

func document(elements []json.RawMessage) json.RawMessage {
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Id": "theirs", "Statement": elements})
	if err != nil {
		panic(err)
	}
	return text
}

func canonicals(list []json.RawMessage) []string {
	out := make([]string, 0, len(list))
	for _, e := range list {
		out = append(out, canonical(e))
	}
	slices.Sort(out)
	return out
}

func TestMerge(t *testing.T) {
	doc := policies()["s3:PutBucketPolicy"].edit
	ours := statement("Quell", 1)
	for _, test := range []struct {
		name, before string
		edit         quell.Edit
		want         string
		left         int
	}{
		{"none yet", "", quell.Edit{Add: []json.RawMessage{ours}}, `{"Version":"2012-10-17","Statement":[` + string(ours) + `]}`, 1},
		{"no list yet", `{"Id":"x"}`, quell.Edit{Add: []json.RawMessage{ours}}, `{"Id":"x","Statement":[` + string(ours) + `]}`, 1},
		{"one outside a list", `{"Statement":{"Effect":"Deny"}}`, quell.Edit{Add: []json.RawMessage{ours}},
			`{"Statement":[{"Effect":"Deny"},` + string(ours) + `]}`, 2},
		{"replaces its own", `{"Statement":[{"Sid":"Quell","N":9}]}`, quell.Edit{Add: []json.RawMessage{ours}}, `{"Statement":[` + string(ours) + `]}`, 1},
		{"removes by name only", `{"Statement":[{"Sid":"A"},{"Sid":"B"},{}]}`, quell.Edit{Remove: []string{"A", ""}}, `{"Statement":[{"Sid":"B"},{}]}`, 2},
		{"the last goes", `{"Statement":[{"Sid":"A"}]}`, quell.Edit{Remove: []string{"A"}}, `{"Statement":[]}`, 0},
		{"a Sid that is no string stays", `{"Statement":[{"Sid":7}]}`, quell.Edit{Remove: []string{"7"}}, `{"Statement":[{"Sid":7}]}`, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			var before json.RawMessage
			if test.before != "" {
				before = json.RawMessage(test.before)
			}
			got, left, err := doc.merge(before, test.edit)
			if err != nil || left != test.left || canonical(got) != canonical(json.RawMessage(test.want)) {
				t.Errorf("%s, %d left, %v; want %s, %d", got, left, err, test.want, test.left)
			}
		})
	}
	for _, broken := range []string{`[`, `[]`, `{"Statement":"x"}`, `{"Statement":3}`} {
		if got, _, err := doc.merge(json.RawMessage(broken), quell.Edit{}); err == nil {
			t.Errorf("%s was merged to %s", broken, got)
		}
		if ours, _ := doc.compare(nil, json.RawMessage(broken), quell.Edit{}); ours {
			t.Errorf("%s counts as read back", broken)
		}
	}
}

func TestCompare(t *testing.T) {
	doc := policies()["s3:PutBucketPolicy"].edit
	ours := statement("Quell", 1)
	edit := quell.Edit{Add: []json.RawMessage{ours}, Remove: []string{"Bad"}}
	before := document([]json.RawMessage{statement("Bad", 1), statement("Theirs", 2), statement("", 3)})
	for _, test := range []struct {
		name  string
		after []json.RawMessage
		ours  bool
		lost  []string
	}{
		{"as wanted", []json.RawMessage{statement("Theirs", 2), statement("", 3), ours}, true, nil},
		{"keys in another order", []json.RawMessage{json.RawMessage(`{"N":2,"Effect":"Allow","Sid":"Theirs"}`), ours, statement("", 3)}, true, nil},
		{"somebody added", []json.RawMessage{statement("Theirs", 2), statement("", 3), ours, statement("New", 4)}, true, nil},
		{"ours is missing", []json.RawMessage{statement("Theirs", 2), statement("", 3)}, false, nil},
		{"ours was altered", []json.RawMessage{statement("Theirs", 2), statement("", 3), statement("Quell", 2)}, false, nil},
		{"what was to go is back", []json.RawMessage{statement("Theirs", 2), statement("", 3), ours, statement("Bad", 5)}, false, nil},
		{"a neighbour vanished", []json.RawMessage{statement("", 3), ours}, true, []string{"Theirs"}},
		{"a nameless neighbour vanished", []json.RawMessage{statement("Theirs", 2), ours}, true, []string{"Statement[2]"}},
		{"a neighbour was altered", []json.RawMessage{statement("Theirs", 9), statement("", 3), ours}, true, []string{"Theirs"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			ours, lost := doc.compare(before, document(test.after), edit)
			if ours != test.ours || !slices.Equal(lost, test.lost) {
				t.Errorf("ours %v, lost %v; want %v, %v", ours, lost, test.ours, test.lost)
			}
		})
	}
}

// TestEditProperties: ours gets in, theirs survive, and the inverse restores what was there.
func TestEditProperties(t *testing.T) {
	type named struct{ Bucket string }
	op := Op[named, struct{}]{Definition: policies()["s3:PutBucketPolicy"]}
	doc := op.edit
	rapid.Check(t, func(t *rapid.T) {
		var theirs, removed, added []json.RawMessage
		for i := range rapid.IntRange(0, 4).Draw(t, "theirs") {
			sid := ""
			if rapid.Bool().Draw(t, "named") {
				sid = fmt.Sprintf("Theirs%d", i)
			}
			theirs = append(theirs, statement(sid, i))
		}
		for i := range rapid.IntRange(0, 2).Draw(t, "removed") {
			removed = append(removed, statement(fmt.Sprintf("Bad%d", i), i))
		}
		for i := range rapid.IntRange(0, 2).Draw(t, "added") {
			added = append(added, statement(fmt.Sprintf("Quell%d", i), i))
		}
		before := document(rapid.Permutation(slices.Concat(theirs, removed)).Draw(t, "order"))
		if len(theirs) == 1 && len(removed) == 0 && rapid.Bool().Draw(t, "single") {
			before = json.RawMessage(`{"Version":"2012-10-17","Id":"theirs","Statement":` + string(theirs[0]) + `}`)
		}
		c := op.Editing(&named{"b"}, added, removed)
		after, left, err := doc.merge(before, *c.Edit)
		if err != nil {
			t.Fatal(err)
		}
		_, now, err := doc.elements(after)
		if err != nil || left != len(now) {
			t.Fatalf("%d left, %d there: %v", left, len(now), err)
		}
		if diff := cmp.Diff(canonicals(slices.Concat(theirs, added)), canonicals(now)); diff != "" {
			t.Errorf("after the edit: %s", diff)
		}
		if ours, lost := doc.compare(before, after, *c.Edit); !ours || len(lost) > 0 {
			t.Errorf("its own work is not recognised: %v, lost %v", ours, lost)
		}
		if again, _, err := doc.merge(after, *c.Edit); err != nil || canonical(again) != canonical(after) {
			t.Errorf("sent twice it differs: %s, %v", again, err)
		}
		back, _, err := doc.merge(after, *c.Undo.Edit)
		if err != nil {
			t.Fatal(err)
		}
		fields, restored, err := doc.elements(back)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(canonicals(slices.Concat(theirs, removed)), canonicals(restored)); diff != "" {
			t.Errorf("the inverse does not restore: %s", diff)
		}
		if string(fields["Id"]) != `"theirs"` || string(fields["Version"]) != `"2012-10-17"` {
			t.Errorf("the head of the document changed: %s", back)
		}
	})
}

func TestPolicyText(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"", ""}, {`{"a":"%7B+"}`, `{"a":"%7B+"}`}, {"%7B%22a%22%3A1%7D", `{"a":1}`}, {"%7B%22a%22%3A%22x+y%22%7D", `{"a":"x y"}`},
	} {
		if got, err := PolicyText(test.in); err != nil || string(got) != test.want {
			t.Errorf("PolicyText(%q) = %s, %v", test.in, got, err)
		}
	}
	for _, broken := range []string{"%", "%zz", "%7B", "no", "{"} {
		if got, err := PolicyText(broken); err == nil {
			t.Errorf("PolicyText(%q) = %s", broken, got)
		}
	}
}
