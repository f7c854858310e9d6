package actiontest

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAnonymous(t *testing.T) {
	tests := []struct {
		name, x, y string
		same       bool
	}{
		{"other ids", `{"id":"w4a3pbsmj9x1hbwke1t4","keys":{"AKIAIOSFODNN7EXAMPLE":"Active"}}`, `{"id":"gtozesnw3bgw8l6egcu1","keys":{"AKIAI44QH8DHBEXAMPLE":"Active"}}`, true},
		{"other order of ids", `{"AKIAAAAAAAAAAAAAAAAA":1,"AKIABBBBBBBBBBBBBBBB":2}`, `{"AKIAAAAAAAAAAAAAAAAA":2,"AKIABBBBBBBBBBBBBBBB":1}`, true},
		{"another status", `{"AKIAIOSFODNN7EXAMPLE":"Active"}`, `{"AKIAIOSFODNN7EXAMPLE":"Inactive"}`, false},
		{"one more", `{"AKIAIOSFODNN7EXAMPLE":"Active"}`, `{"AKIAIOSFODNN7EXAMPLE":"Active","AKIAI44QH8DHBEXAMPLE":"Active"}`, false},
		{"other times", `["2026-03-02T03:00:00Z"]`, `["2026-03-02T03:00:01.5Z"]`, true},
		{"another name", `{"user":"ann"}`, `{"user":"bob"}`, false},
	}
	for _, tt := range tests {
		x, y := anonymous(tree(json.RawMessage(tt.x))), anonymous(tree(json.RawMessage(tt.y)))
		if got := cmp.Equal(x, y); got != tt.same {
			t.Errorf("%s: same is %v: %s", tt.name, got, cmp.Diff(x, y))
		}
	}
}
