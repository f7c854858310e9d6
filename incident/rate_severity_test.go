package incident

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/quell-ir/quell"
)

// act is a finding of a stage in the notation of the tests: hours after noon, who, technique.
func act(after time.Duration, who string, severity quell.Severity, techniques ...string) quell.Finding {
	f := finding(fmt.Sprint(who, after, techniques), after)
	f.Severity, f.Techniques = severity, techniques
	if who != "" {
		f.Entities = []quell.Entity{entity(quell.KindUser, who, quell.PartActor)}
	}
	return f
}

func TestRate(t *testing.T) {
	const low, medium, high, critical = quell.Low, quell.Medium, quell.High, quell.Critical
	made := act(0, "AIDAEVE", medium, "T1136.003")
	made.Entities = append(made.Entities, entity(quell.KindUser, "AIDAMADE", quell.PartMade))
	byKey := act(2*time.Hour, "", medium, "T1530")
	byKey.Entities = []quell.Entity{owned(entity(quell.KindAccessKey, "AKIA1", quell.PartActor), "AIDAEVE")}
	session := func(name, technique string) quell.Finding {
		f := act(0, "", medium, technique)
		f.ID = name
		f.Entities = []quell.Entity{owned(entity(quell.KindSession, "AROA1:"+name, quell.PartActor), "AROA1"), entity(quell.KindRole, "AROA1", quell.PartUsed),
			owned(entity(quell.KindAccessKey, "ASIA"+name, quell.PartActor), "AROA1:"+name)}
		return f
	}
	for name, tc := range map[string]struct {
		findings []quell.Finding
		want     quell.Severity
	}{
		"nothing":                     {nil, low},
		"highest":                     {[]quell.Finding{act(0, "AIDAEVE", low), act(1, "AIDAEVE", high)}, high},
		"one stage raises nothing":    {[]quell.Finding{act(0, "AIDAEVE", medium, "T1562.008"), act(1, "AIDAEVE", medium, "T1070")}, medium},
		"one finding raises nothing":  {[]quell.Finding{act(0, "AIDAEVE", medium, "T1098.003", "T1578", "T1087")}, medium},
		"valid accounts are no stage": {[]quell.Finding{act(0, "AIDAEVE", medium, "T1078.004"), act(1, "AIDAEVE", medium, "T1530")}, medium},
		"recon and persistence":       {[]quell.Finding{act(0, "AIDAEVE", medium, "T1087"), act(1, "AIDAEVE", medium, "T1136.003")}, high},
		"evasion and persistence":     {[]quell.Finding{act(0, "AIDAEVE", medium, "t1562.008"), act(1, "AIDAEVE", low, "T1098")}, critical},
		"recon, persist, privilege":   {[]quell.Finding{act(0, "AIDAEVE", low, "T1580"), act(1, "AIDAEVE", medium, "T1098"), act(2, "AIDAEVE", low, "T1548")}, critical},
		"only low findings":           {[]quell.Finding{act(0, "AIDAEVE", low, "T1580"), act(1, "AIDAEVE", low, "T1098"), act(2, "AIDAEVE", low, "T1548")}, low},
		"critical stays":              {[]quell.Finding{act(0, "AIDAEVE", critical, "T1087"), act(1, "AIDAEVE", low, "T1136")}, critical},
		"nonsense":                    {[]quell.Finding{act(0, "AIDAEVE", medium, "", ".", "TA0001"), act(1, "AIDAEVE", 99, "T1530"), act(2, "AIDAEVE", -5, "T1530")}, 99},
		"within a day":                {[]quell.Finding{act(0, "AIDAEVE", medium, "T1087"), act(24*time.Hour, "AIDAEVE", medium, "T1530")}, high},
		"over a day":                  {[]quell.Finding{act(0, "AIDAEVE", medium, "T1087"), act(24*time.Hour+1, "AIDAEVE", medium, "T1530")}, medium},
		"a day in the middle": {[]quell.Finding{act(0, "AIDAEVE", medium, "T1087"), act(40*time.Hour, "AIDAEVE", medium, "T1098"),
			act(50*time.Hour, "AIDAEVE", medium, "T1530"), act(90*time.Hour, "AIDAEVE", low)}, critical},
		"two people":                 {[]quell.Finding{act(0, "AIDAEVE", medium, "T1087"), act(1, "AIDABOB", medium, "T1530")}, medium},
		"two sessions of one role":   {[]quell.Finding{session("a", "T1087"), session("b", "T1530")}, medium},
		"one session, twice":         {[]quell.Finding{session("a", "T1087"), act(1, "AROA1:a", medium, "T1530")}, high},
		"a user and what it made":    {[]quell.Finding{made, act(1, "AIDAMADE", medium, "T1530")}, critical},
		"a user and its key":         {[]quell.Finding{act(0, "AIDAEVE", medium, "T1087"), byKey}, high},
		"nobody adds up with nobody": {[]quell.Finding{act(0, "", medium, "T1087"), act(1, "", medium, "T1530"), act(2, "AIDAEVE", medium, "T1562")}, high},
	} {
		t.Run(name, func(t *testing.T) {
			if got := rate(tc.findings); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

// TestRateDoesNotDependOnOrder also holds rate against the plain reading of its rule: every day that begins with a finding.
func TestRateDoesNotDependOnOrder(t *testing.T) {
	techniques := []string{"T1087", "T1136", "T1548", "T1562", "T1530", "T1078"}
	rapid.Check(t, func(t *rapid.T) {
		var list []quell.Finding
		for i := range rapid.IntRange(1, 12).Draw(t, "count") {
			f := act(time.Duration(rapid.IntRange(0, 60).Draw(t, "hour"))*time.Hour, rapid.SampledFrom([]string{"AIDAEVE", "AIDABOB", ""}).Draw(t, "who"),
				quell.Severity(rapid.IntRange(0, 2).Draw(t, "severity")), rapid.SampledFrom(techniques).Draw(t, "technique"))
			f.ID = fmt.Sprint(i)
			list = append(list, f)
		}
		want := quell.Low
		for _, first := range list {
			points, worst, seen := 0, quell.Low, map[stage]bool{}
			for _, f := range list {
				want = max(want, f.Severity)
				after := f.Time.Sub(first.Time)
				s, ok := furthest(f)
				if !ok || handsOf(f)[0] != handsOf(first)[0] || after < 0 || after > chainSpan {
					continue
				}
				worst = max(worst, f.Severity)
				if !seen[s] {
					seen[s], points = true, points+s.points
				}
			}
			if len(seen) < 2 || worst < quell.Medium {
				continue
			}
			if points >= 4 {
				want = max(want, quell.High)
			}
			if points >= 7 {
				want = quell.Critical
			}
			if len(seen) > 2 {
				want = max(want, worst+1)
			}
		}
		if got := rate(rapid.Permutation(list).Draw(t, "order")); got != want {
			t.Errorf("got %v, want %v of %+v", got, want, list)
		}
	})
}

func TestEscalate(t *testing.T) {
	recon, exfil := act(0, "AIDAEVE", quell.Medium, "T1087"), act(time.Hour, "AIDAEVE", quell.Medium, "T1530")
	evasion := act(2*time.Hour, "AIDAEVE", quell.Low, "T1562")
	for name, tc := range map[string]struct {
		before, after []quell.Finding
		now           quell.Severity
		want          string
	}{
		"a second stage":               {[]quell.Finding{recon}, []quell.Finding{recon, exfil}, quell.Medium, "high"},
		"a third, though itself low":   {[]quell.Finding{recon, exfil}, []quell.Finding{recon, exfil, evasion}, quell.High, "critical"},
		"nothing new":                  {[]quell.Finding{recon, exfil}, []quell.Finding{recon, exfil}, quell.Medium, ""},
		"a person lowered it":          {[]quell.Finding{recon, exfil}, []quell.Finding{recon, exfil, recon}, quell.Low, ""},
		"lowered, and then it went on": {[]quell.Finding{recon, exfil}, []quell.Finding{recon, exfil, evasion}, quell.Low, "critical"},
		"it stands as high already":    {[]quell.Finding{recon}, []quell.Finding{recon, exfil}, quell.Critical, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c, ok := Escalate(tc.before, tc.after, tc.now)
			if ok != (tc.want != "") || c.To != tc.want || ok && (c.What != ChangeSeverity || c.From != tc.now.String() || c.Reason == "") {
				t.Errorf("%v %+v, want %q", ok, c, tc.want)
			}
		})
	}
}
