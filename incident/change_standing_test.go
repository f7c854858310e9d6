package incident

import (
	"errors"
	"testing"

	"github.com/quell-ir/quell"
)

func TestNext(t *testing.T) {
	const fine, same = "", "same"
	to := func(what, to string) quell.Change { return quell.Change{What: what, To: to} }
	because := func(c quell.Change) quell.Change { c.Reason = "looked again"; return c }
	severity := func(from, to string) quell.Change { return quell.Change{What: ChangeSeverity, From: from, To: to} }
	for _, tc := range []struct {
		now    quell.Standing
		change quell.Change
		want   quell.ErrorCode
	}{
		{quell.Open, to(ChangeStanding, "confirmed"), fine},
		{"", to(ChangeStanding, "confirmed"), fine},
		{quell.Open, to(ChangeStanding, "open"), same},
		{quell.Open, to(ChangeStanding, "dismissed"), quell.CodeUsage},
		{quell.Open, because(to(ChangeStanding, "dismissed")), fine},
		{quell.Open, to(ChangeStanding, "closed"), fine},
		{quell.Confirmed, to(ChangeStanding, "open"), quell.CodeUsage},
		{quell.Confirmed, because(to(ChangeStanding, "open")), fine},
		{quell.Confirmed, because(to(ChangeStanding, "dismissed")), fine},
		{quell.Dismissed, because(to(ChangeStanding, "open")), fine},
		{quell.Dismissed, because(to(ChangeStanding, "confirmed")), fine},
		{quell.Dismissed, to(ChangeStanding, "closed"), fine},
		{quell.Ended, to(ChangeStanding, "closed"), same},
		{quell.Ended, because(to(ChangeStanding, "open")), quell.CodeRefused},
		{quell.Ended, to(ChangeSeverity, "high"), quell.CodeRefused},
		{quell.Open, to(ChangeStanding, "gone"), quell.CodeUsage},
		{"gone", to(ChangeStanding, "open"), quell.CodeUsage},
		{quell.Open, severity("low", "high"), fine},
		{quell.Open, severity("high", "high"), same},
		{quell.Open, severity("high", "low"), quell.CodeUsage},
		{quell.Open, because(severity("high", "low")), fine},
		{quell.Open, severity("", "low"), quell.CodeUsage},
		{quell.Open, severity("low", "awful"), quell.CodeUsage},
		{quell.Open, Assign(quell.Legal, "dana"), fine},
		{quell.Open, Assign(quell.Legal, ""), fine},
		{quell.Open, Assign("cook", "dana"), quell.CodeUsage},
		{quell.Open, to(ChangeAssign, "dana"), quell.CodeUsage},
		{quell.Open, to(ChangeMerge, "q-1"), fine},
		{quell.Open, to(ChangeMerge, ""), quell.CodeUsage},
		{quell.Open, to(ChangePhase, "recover"), fine},
		{quell.Open, quell.Change{What: ChangePhase, From: "recover", To: "recover"}, same},
		{quell.Open, to(ChangePhase, "closed"), quell.CodeUsage},
		{quell.Open, to(ChangePhase, "lunch"), quell.CodeUsage},
		{quell.Open, to("colour", "red"), quell.CodeUsage},
	} {
		err := Next(tc.now, tc.change)
		got := quell.CodeOf(err)
		if errors.Is(err, ErrSame) {
			got = same
		}
		if got != tc.want {
			t.Errorf("%s, %+v: %v (%q), want %q", tc.now, tc.change, err, got, tc.want)
		}
		var said *quell.Error
		if errors.As(err, &said) && said.Next == "" && said.Err == nil {
			t.Errorf("%v does not say what to do", err)
		}
	}
}
