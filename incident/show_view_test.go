package incident

import (
	"errors"
	"fmt"
	"math/rand"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quell-ir/quell"
)

func TestTimeline(t *testing.T) {
	v, err := Read(story(t))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range Timeline(v) {
		mark := map[bool]string{true: "~", false: " "}[l.Estimated] + map[bool]string{true: "!", false: " "}[l.Judged]
		got = append(got, fmt.Sprintf("%s%s%-9s %2d %s [%s]", l.Time.Format("15:04:05"), mark, l.Lane, l.Record, l.Text, l.Event))
	}
	want := strings.Split(strings.TrimSpace(`
12:00:00 !attacker   1 iam:CreateUser by alice from 203.0.113.9 in us-east-1 on user evil [ev-1]
12:00:30~!attacker   2 activity behind: Call from Tor [gd-1]
12:01:00  attacker   3 s3:ListBuckets by alice from 203.0.113.9 in us-east-1, refused: AccessDenied [ev-2]
12:10:00  responder  0 incident opened by quell: User created by a leaked key: user alice (high) []
12:11:00  detector   1 high finding by quell: User created by a leaked key (rule iam-create-user) []
12:12:00  detector   2 medium finding by guardduty: Call from Tor (rule UnauthorizedAccess:IAMUser/TorIPCaller) []
12:13:00  responder  3 scope of user alice: 2 events, 1 entities, still active: false []
12:14:00  responder  4 playbook leaked-key 1 bound: 1 step []
12:15:00  responder  5 step deny looked at: 1 call to make []
12:16:00  responder  6 standing changed by dana to confirmed []
12:17:00  responder  7 assign changed by dana to incident-manager=dana []
12:18:00  responder  8 approval by alice as incident-manager came to nothing: the subject cannot approve []
12:19:00  responder  9 dana said yes to step deny as incident-manager []
12:20:00  responder 10 run started by dana, to apply: role quell-responder []
12:22:00  responder 12 iam:PutUserPolicy in step deny failed: Throttling []
12:24:00  responder 14 iam:PutUserPolicy in step deny done []
12:25:00  responder 15 step deny is done []
12:26:00  responder 16 evidence kept: trail.json, 3 bytes []
12:27:00  detector  17 probe of the trail: 0 successes, 1 refusals []
12:28:00  detector  18 verdict held (proof: observed): the subject was refused []
12:29:00  responder 19 note by dana: key was in a public repository␛[31m []
12:30:00  responder 20 iam:TagUser sent in step deny; whether it took effect is not recorded []
12:31:00  responder 21 incident closed by dana: done []`), "\n")
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestGraph(t *testing.T) {
	bob := "arn:aws:iam::111122223333:user/bob"
	findings := []quell.Finding{
		finding("a", 0, entity(quell.KindUser, "AIDAALICE", quell.PartActor), owned(entity(quell.KindAccessKey, "AKIA1", quell.PartActor), "AIDAALICE"),
			entity(quell.KindUser, "AIDAEVIL", quell.PartMade), entity(quell.KindAccount, account, quell.PartTarget)),
		finding("b", time.Hour, entity(quell.KindUser, "AIDAEVIL", quell.PartActor), at(entity(quell.KindUser, bob, quell.PartTarget), bob)),
		finding("c", 2*time.Hour, at(entity(quell.KindUser, "AIDABOB", quell.PartActor), bob), entity(quell.KindBucket, "b", quell.PartRead)),
	}
	subject := entity(quell.KindUser, "AIDAALICE", "")
	scoped := []quell.Entity{entity(quell.KindRole, "AROA1", quell.PartUsed)}
	g := BuildGraph(subject, findings, scoped)
	want := []Edge{
		{"user/AIDAALICE", "access-key/AKIA1", "owns", "a"},
		{"user/AIDAALICE", "role/AROA1", "used", ""},
		{"user/AIDAALICE", "user/AIDAEVIL", "made", "a"},
		{"user/AIDABOB", "bucket/b", "read", "c"},
		{"user/AIDAEVIL", "user/AIDABOB", "acted on", "b"},
	}
	if d := cmp.Diff(want, g.Edges); d != "" {
		t.Error(d)
	}
	if len(g.Nodes) != 6 {
		t.Errorf("nodes %v", g.Nodes)
	}
	rand.New(rand.NewSource(1)).Shuffle(len(findings), func(i, j int) { findings[i], findings[j] = findings[j], findings[i] })
	if d := cmp.Diff(g, BuildGraph(subject, findings, scoped)); d != "" {
		t.Error("depends on order", d)
	}
}

func TestDrawingsHoldHostileNames(t *testing.T) {
	names := []string{"a\"] --> evil[\"", "<script>alert(1)</script>", "x\\\" y", "`**b**`", "line\nbreak\x1b[2J", "#quot;"}
	var scoped []quell.Entity
	for _, n := range names {
		scoped = append(scoped, quell.Entity{Kind: quell.KindUser, ID: n, Part: quell.PartMade})
	}
	g := BuildGraph(quell.Entity{Kind: quell.KindUser, ID: "AIDA1"}, nil, scoped)
	var mermaid, dot strings.Builder
	if err := errors.Join(g.Mermaid(&mermaid), g.DOT(&dot)); err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(mermaid.String()), "\n")[1:] {
		if strings.ContainsAny(line, "<`\x1b") || strings.Count(line, `"`) != 2 {
			t.Errorf("mermaid line %q", line)
		}
	}
	for _, line := range strings.Split(dot.String(), "\n") {
		bare := strings.NewReplacer(`\\`, "", `\"`, "").Replace(line)
		if n := strings.Count(bare, `"`); n != 0 && n != 2 {
			t.Errorf("dot line %q", line)
		}
	}
}

func TestDrawingSaysWhatItLeavesOut(t *testing.T) {
	var scoped []quell.Entity
	for i := range drawLimit + 7 {
		scoped = append(scoped, quell.Entity{Kind: quell.KindBucket, ID: fmt.Sprint("b", i), Part: quell.PartRead})
	}
	var mermaid, dot strings.Builder
	g := BuildGraph(quell.Entity{}, nil, scoped)
	if err := errors.Join(g.Mermaid(&mermaid), g.DOT(&dot)); err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{mermaid.String(), dot.String()} {
		if !strings.Contains(out, "7 more not drawn") {
			t.Error("says nothing of 7 nodes left out")
		}
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("pipe closed") }

func TestDrawingReportsWriteErrors(t *testing.T) {
	g := BuildGraph(quell.Entity{Kind: quell.KindUser, ID: "x"}, nil, nil)
	if g.Mermaid(broken{}) == nil || g.DOT(broken{}) == nil {
		t.Error("a failed write went unnoticed")
	}
}
