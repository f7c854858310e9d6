package incident

import (
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/quell-ir/quell"
)

func TestOpen(t *testing.T) {
	alice := entity(quell.KindUser, "AIDAALICE", quell.PartActor)
	alice.Name = "alice"
	key := owned(entity(quell.KindAccessKey, "AKIAIOSFODNN7EXAMPLE", quell.PartActor), "AIDAALICE")
	leaked := finding("leaked", time.Hour, key, alice)
	leaked.Exposed, leaked.Severity = true, quell.High
	early := finding("early", 0, alice, entity(quell.KindUser, "AIDAEVIL", quell.PartMade))
	in := Open(Cluster{Findings: []quell.Finding{leaked, early}}, noon.Add(2*time.Hour))
	want := quell.Incident{ID: "q-" + quell.ShortHash(10, "user/AIDAALICE", "early"), Title: "Leaked access key AKIAIOSFODNN7EXAMPLE of user alice",
		Severity: quell.High, Phase: quell.Detect, Standing: quell.Open, Subject: in.Subject, Account: account, Exposed: true,
		Findings: []string{"early", "leaked"}, Entities: in.Entities, Opened: noon.Add(2 * time.Hour), Since: noon, LastSeen: noon.Add(time.Hour)}
	if d := cmp.Diff(want, in); d != "" {
		t.Error(d)
	}
	if in.Subject.ID != "AIDAALICE" || in.Subject.Part != "" || len(in.Entities) != 3 {
		t.Errorf("subject %+v, entities %+v", in.Subject, in.Entities)
	}
	if !regexp.MustCompile(`^q-[0-9a-f]{10}$`).MatchString(in.ID) {
		t.Errorf("id %q", in.ID)
	}
}

func TestChooseSubject(t *testing.T) {
	actor := func(k quell.EntityKind, id, of string) quell.Entity { return owned(entity(k, id, quell.PartActor), of) }
	const bobARN = "arn:aws:iam::111122223333:user/bob"
	for name, tc := range map[string]struct {
		findings []quell.Finding
		want     string
	}{
		"user over key":       {[]quell.Finding{finding("a", 0, actor(quell.KindAccessKey, "AKIA1", "AIDA1"), actor(quell.KindUser, "AIDA1", ""))}, "user/AIDA1"},
		"user of a lone key":  {[]quell.Finding{finding("a", 0, actor(quell.KindAccessKey, "AKIA1", "AIDA1"))}, "user/AIDA1"},
		"bare key":            {[]quell.Finding{finding("a", 0, entity(quell.KindAccessKey, "AKIA1", ""))}, "access-key/AKIA1"},
		"user of a federated": {[]quell.Finding{finding("a", 0, actor(quell.KindFederated, account+":x", "AIDA1"))}, "user/AIDA1"},
		"session over role":   {[]quell.Finding{finding("a", 0, actor(quell.KindSession, "AROA1:s", "AROA1"), actor(quell.KindRole, "AROA1", ""))}, "session/AROA1:s"},
		"root over user":      {[]quell.Finding{finding("a", 0, actor(quell.KindUser, "AIDA1", "")), finding("b", 1, actor(quell.KindRoot, account, ""))}, "root/" + account},
		"most events":         {[]quell.Finding{finding("a", 0, actor(quell.KindUser, "AIDA1", "")), finding("b", 1, actor(quell.KindUser, "AIDA2", "")), finding("c", 2, actor(quell.KindUser, "AIDA2", ""))}, "user/AIDA2"},
		"earliest of equals":  {[]quell.Finding{finding("a", 0, actor(quell.KindUser, "AIDA2", "")), finding("b", 1, actor(quell.KindUser, "AIDA1", ""))}, "user/AIDA2"},
		"maker over what it made": {[]quell.Finding{finding("a", 0, actor(quell.KindSession, "AROA1:s", "AROA1"), entity(quell.KindUser, "AIDAEVIL", quell.PartMade)),
			finding("b", 1, actor(quell.KindUser, "AIDAEVIL", "")), finding("c", 2, actor(quell.KindUser, "AIDAEVIL", ""))}, "session/AROA1:s"},
		"taken over by name": {[]quell.Finding{finding("a", 0, actor(quell.KindSession, "AROA1:s", "AROA1"), at(entity(quell.KindUser, bobARN, quell.PartTarget), bobARN)),
			finding("b", 1, at(actor(quell.KindUser, "AIDABOB", ""), bobARN))}, "session/AROA1:s"},
		"resource":   {[]quell.Finding{finding("a", 0, entity(quell.KindBucket, "b", quell.PartTarget), entity(quell.KindIP, "203.0.113.1", quell.PartUsed))}, "bucket/b"},
		"account":    {[]quell.Finding{finding("a", 0, entity(quell.KindIP, "203.0.113.1", quell.PartUsed))}, "account/" + account},
		"nothing":    {[]quell.Finding{{ID: "x"}}, "/"},
		"own change": {[]quell.Finding{finding("a", 0, actor(quell.KindUser, "AIDA1", ""), entity(quell.KindUser, "AIDA1", quell.PartTarget))}, "user/AIDA1"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := chooseSubject(resolved(distinct(tc.findings))).Key(); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestTitleIsOneShortCleanLine(t *testing.T) {
	f := finding("a", 0, quell.Entity{Kind: quell.KindUser, ID: "AIDA1", Name: "eve\x1b[2J" + strings.Repeat("x", 200), Part: quell.PartActor})
	f.Title = "Bad\nthing " + strings.Repeat("y", 200)
	for _, list := range [][]quell.Finding{{f}, {f, finding("b", 1)}, {{ID: "x"}}} {
		title := Open(Cluster{Findings: list}, noon).Title
		if utf8.RuneCountInString(title) > 80 || strings.ContainsAny(title, "\x1b\n") || title == "" {
			t.Errorf("title %q", title)
		}
	}
}

func TestJoin(t *testing.T) {
	in := Open(Cluster{Findings: []quell.Finding{finding("a", 0)}}, noon)
	worse := finding("b", -time.Hour, entity(quell.KindBucket, "b", quell.PartRead))
	worse.Severity = quell.Critical
	got := Join(in, worse)
	if got.Severity != quell.Critical || !got.Since.Equal(noon.Add(-time.Hour)) || len(got.Entities) != 1 || len(got.Findings) != 2 {
		t.Errorf("%+v", got)
	}
	got.Severity = quell.Low // a person's judgement
	if again := Join(got, worse); again.Severity != quell.Low {
		t.Error("the same finding again raised the severity")
	}
	if len(in.Findings) != 1 || len(in.Entities) != 0 {
		t.Error("Join changed what it was given")
	}
}
