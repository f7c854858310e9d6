package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quell-ir/quell"
)

func TestWordsOf(t *testing.T) {
	got := wordsOf([]any{uint64(111122223333), "012345678901", int64(-1), true})
	if diff := cmp.Diff([]any{"111122223333", "012345678901", "-1", true}, got); diff != "" {
		t.Error(diff)
	}
	if wordsOf("one") != "one" || wordsOf(nil) != nil {
		t.Error("what is no list was changed")
	}
}

func TestLoadPeople(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	accounts := write("accounts.txt", "222233334444\n# the others\n333344445555\n")
	flags := PeopleFlags{OwnAccounts: []string{"111122223333", " ", "@" + accounts}, BreakGlass: []string{"bg"}, Trusted: []string{"10.0.0.0/8"},
		Leavers: write("l.csv", "alice,2026-03-01\n")}
	who, err := flags.load()
	if err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(who.Accounts, []string{"111122223333", "222233334444", "333344445555"}) || len(who.BreakGlass) != 1 || len(who.Leavers) != 1 ||
		len(who.Trusted) != 1 || who.Places != nil {
		t.Errorf("%+v", who)
	}
	long := write("long.csv", strings.Repeat("#\n", maxListFile/2+1))
	for _, bad := range []PeopleFlags{{OwnAccounts: []string{"@" + dir}}, {OwnAccounts: []string{"x"}}, {Leavers: long}, {Leavers: dir + "/none.csv"}, {ASN: accounts}, {Geo: accounts}} {
		if who, err := bad.load(); who != nil || quell.CodeOf(err) != quell.CodeUsage {
			t.Errorf("%+v: %v, %v", bad, who, err)
		}
	}
}

// What is said about people holds for respond as well, which judges records at hand.
func TestRespondJudgesPeople(t *testing.T) {
	record := json.RawMessage(`{"eventID":"e1","eventTime":"2026-03-02T09:00:00Z","eventSource":"ec2.amazonaws.com","eventName":"DescribeRegions",
		"awsRegion":"us-east-1","sourceIPAddress":"198.51.100.7","recipientAccountId":"111122223333","userIdentity":{"type":"IAMUser",
		"principalId":"AIDAEXAMPLE","arn":"arn:aws:iam::111122223333:user/emergency","accountId":"111122223333","userName":"emergency"}}`)
	for name, want := range map[string]int{"emergency": 1, "other": 0} {
		m := &Main{Stderr: io.Discard, Clock: quell.WallClock{}}
		m.cli.BreakGlass = []string{name}
		found, err := m.judge(t.Context(), []json.RawMessage{record}, "test")
		if err != nil || len(found) != want {
			t.Errorf("%s: %d findings, %v", name, len(found), err)
		}
	}
}
