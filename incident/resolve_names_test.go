package incident

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quell-ir/quell"
)

func TestResolver(t *testing.T) {
	const bob, eve = "arn:aws:iam::111122223333:user/bob", "arn:aws:iam::111122223333:user/eve"
	user := func(id, arn string) quell.Entity { return quell.Entity{Kind: quell.KindUser, ID: id, ARN: arn} }
	r := newResolver([]quell.Entity{user("AIDABOB", bob), user("AIDAEVE1", eve)}, []quell.Entity{user("AIDAEVE2", eve), user(bob, bob)})
	in := []quell.Entity{user(bob, bob), user(eve, eve), {Kind: quell.KindUser, ARN: bob}, {Kind: quell.KindBucket, ID: bob},
		{Kind: quell.KindAccessKey, ID: "AKIA1", Of: bob}}
	want := []quell.Entity{user("AIDABOB", bob), user(eve, eve), user("AIDABOB", bob), {Kind: quell.KindBucket, ID: bob},
		{Kind: quell.KindAccessKey, ID: "AKIA1", Of: "AIDABOB"}}
	if d := cmp.Diff(want, r.fix(in)); d != "" {
		t.Error(d)
	}
	if in[0].ID != bob {
		t.Error("fix changed what it was given")
	}
	merged := reconcile([]quell.Entity{user(bob, bob), user("AIDABOB", bob)})
	if d := cmp.Diff([]quell.Entity{user("AIDABOB", bob)}, merged); d != "" {
		t.Error(d)
	}
}

func TestOwnerOf(t *testing.T) {
	for of, want := range map[string]string{"": "", "AIDA1": "user/AIDA1", "AROA1": "role/AROA1", "AROA1:s": "session/AROA1:s",
		account: "root/" + account, account + ":fed": "federated-user/" + account + ":fed", "arn:aws:iam::1:user/x": "user/arn:aws:iam::1:user/x",
		"something": "", ":": "", "12345": ""} {
		if got, _ := ownerOf(quell.Entity{Kind: quell.KindAccessKey, ID: "AKIA1", Of: of}); got != want {
			t.Errorf("owner %q is %q, want %q", of, got, want)
		}
	}
}

func TestEventTime(t *testing.T) {
	seen := []quell.Event{{Time: noon.Add(time.Hour)}, {}, {Time: noon}}
	for _, tc := range []struct {
		in   quell.Finding
		want time.Time
	}{
		{quell.Finding{Time: noon.Add(time.Minute), Seen: seen}, noon.Add(time.Minute)},
		{quell.Finding{Seen: seen}, noon},
		{quell.Finding{}, time.Time{}},
	} {
		if got := eventTime(tc.in); !got.Equal(tc.want) {
			t.Errorf("got %v, want %v", got, tc.want)
		}
	}
	first, last := span(quell.Finding{Seen: seen})
	if !first.Equal(noon) || !last.Equal(noon.Add(time.Hour)) {
		t.Errorf("from %v to %v", first, last)
	}
}

func TestName(t *testing.T) {
	for want, e := range map[string]quell.Entity{
		"user alice":                  {Kind: quell.KindUser, ID: "AIDA1", Name: "alice"},
		"role session Admin/bob":      {Kind: quell.KindSession, ID: "AROA1:bob", Name: "Admin/bob"},
		"access key AKIA1":            {Kind: quell.KindAccessKey, ID: "AKIA1", Name: "alice"},
		"root user of account 123":    {Kind: quell.KindRoot, ID: "123", Name: "root"},
		"bucket b\u241b[2J":           {Kind: quell.KindBucket, ID: "b\x1b[2J"},
		"federated user 1:visitor":    {Kind: quell.KindFederated, ID: "1:visitor"},
		"resource arn:aws:lambda:x:y": {Kind: quell.KindResource, ID: "arn:aws:lambda:x:y"},
	} {
		if got := Name(e); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
