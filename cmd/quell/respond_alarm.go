package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/incident"
	"github.com/quell-ir/quell/respond"
	"github.com/quell-ir/quell/source/cloudwatch"
)

// rung is an alarm's finding that names nobody, with what its message tells of the metric.
type rung struct {
	finding quell.Finding
	alarm   cloudwatch.Alarm
}

// namesNobody says that an alarm's finding is about nothing but the alarm.
func namesNobody(f quell.Finding) bool {
	return f.Source == "cloudwatch" && !slices.ContainsFunc(f.Entities, func(e quell.Entity) bool {
		return e.Part != quell.PartUsed || !strings.Contains(e.ARN, ":alarm:")
	})
}

// splitAlarms takes out of findings the alarms that name nobody.
func splitAlarms(findings []quell.Finding, data []byte) (rest []quell.Finding, alarms []rung) {
	rang := cloudwatch.ReadAlarms(data)
	for _, f := range findings {
		if !namesNobody(f) {
			rest = append(rest, f)
			continue
		}
		r := rung{finding: f}
		for _, a := range rang {
			if a.Name == f.Rule && a.At.Equal(f.Time) {
				r.alarm = a
				break
			}
		}
		alarms = append(alarms, r)
	}
	return rest, alarms
}

// recordAlarms opens the alarms' incidents before AWS is asked anything.
func recordAlarms(ctx context.Context, m *Main, h *home, alarms []rung) ([]string, error) {
	ids := make([]string, len(alarms))
	for i, r := range alarms {
		opened, err := h.desk.Open(ctx, []quell.Finding{r.finding})
		if err != nil {
			return nil, err
		}
		ids[i] = opened[0].ID
	}
	return ids, nil
}

// nameAlarms looks behind alarms for whoever rang them. Where somebody is found, the alarm's incident is merged into theirs,
// whose id is returned; where nobody is, the outcome says so, a person is told, and there is no plan.
func (m *Main) nameAlarms(ctx context.Context, h *home, alarms []rung, ids []string) (named []string, nobody []respond.Outcome, err error) {
	for i, r := range alarms {
		found, why, err := m.followAlarm(ctx, h, r.alarm)
		if err != nil {
			return named, nobody, err
		}
		if len(found) == 0 {
			out, err := leaveToPerson(ctx, m, h, ids[i], why)
			if err != nil {
				return named, nobody, err
			}
			nobody = append(nobody, out)
			continue
		}
		theirs, err := openIncidents(ctx, m, h, found)
		if err != nil {
			return named, nobody, err
		}
		if err := mergeAlarm(ctx, h, ids[i], theirs); err != nil {
			return named, nobody, err
		}
		named = appendNew(named, theirs)
	}
	return named, nobody, nil
}

// mergeAlarm has the incident of whoever was found take the alarm over, unless it has it already.
func mergeAlarm(ctx context.Context, h *home, alarm string, theirs []string) error {
	if slices.Contains(theirs, alarm) {
		return nil
	}
	have, err := h.desk.Show(ctx, alarm)
	if err != nil {
		return err
	}
	if have.View.Incident.Standing == quell.Ended {
		return nil
	}
	return h.desk.Change(ctx, alarm, quell.Change{What: incident.ChangeMerge, To: theirs[0], Reason: "the log lines that rang the alarm name them"})
}

// unnamed begins why an incident has no plan.
const unnamed = "nobody could be named: "

// leaveToPerson notes that nobody could be named. Without a target there is nothing to plan.
func leaveToPerson(ctx context.Context, m *Main, h *home, id, why string) (respond.Outcome, error) {
	text := unnamed + why
	out, err := h.desk.Show(ctx, id)
	if err != nil {
		return out, err
	}
	if out.View.Incident.Standing != quell.Ended {
		if err := h.desk.Note(ctx, id, text); err != nil {
			return out, err
		}
	}
	out.Why = quell.Clean(text)
	if len(out.Plan.Steps) == 0 {
		out.State = respond.Planned
	}
	m.say("incident %s: %s", id, quell.Cut(text, 400))
	m.say("no plan was made; once you know who it is: quell respond KEY, USER or ARN")
	return out, nil
}

// followAlarm leads from an alarm to its metric filter, from there to the log lines of the evaluation window, and has the
// rules judge them. Where nothing is found why says what was looked at; the error is the context's only.
func (m *Main) followAlarm(ctx context.Context, h *home, a cloudwatch.Alarm) (found []quell.Finding, why string, err error) {
	if a.Name == "" {
		return nil, "the alarm's message tells neither its name nor when it rang", nil
	}
	if own := accountOf(h.desk.Self); a.Account != "" && own != "" && a.Account != own {
		return nil, fmt.Sprintf("the alarm is of account %s, and the credentials at hand are of %s", a.Account, own), nil
	}
	base, err := m.awsConfig(ctx)
	if err != nil {
		return nil, "", err
	}
	if a.Region != "" {
		base.Region = a.Region
	}
	reader := cloudwatch.Reader{Config: base, Clock: m.Clock}
	var looked []string
	// Composite alarms, and messages that were cut, tell no metric.
	if len(a.Metrics) == 0 {
		behind, missing, err := reader.Behind(ctx, a)
		if ctx.Err() != nil {
			return nil, "", ctx.Err()
		}
		looked = missing
		if err != nil {
			looked = append(looked, err.Error())
		}
		if a = behind; len(a.Metrics) == 0 {
			looked = append(looked, "the alarm's message names no metric, and no alarm behind it does")
		}
	}
	for _, metric := range a.Metrics {
		filters, err := reader.Filters(ctx, metric.Namespace, metric.Name)
		if ctx.Err() != nil {
			return nil, "", ctx.Err()
		}
		if err != nil {
			looked = append(looked, err.Error())
			continue
		}
		if len(filters) == 0 {
			looked = append(looked, fmt.Sprintf("no metric filter in %s feeds %s/%s", base.Region, metric.Namespace, metric.Name))
		}
		for _, filter := range filters {
			findings, what, err := m.readFilter(ctx, reader, filter, a)
			if err != nil {
				return nil, "", err
			}
			found, looked = append(found, findings...), append(looked, what)
		}
	}
	return found, strings.Join(looked, "; "), nil
}

// readFilter judges what a metric filter counted in the alarm's window. A finding without anybody in it leads nowhere.
func (m *Main) readFilter(ctx context.Context, reader cloudwatch.Reader, filter cloudwatch.Filter, a cloudwatch.Alarm) ([]quell.Finding, string, error) {
	hunter, err := m.hunter(true, nil)
	if err != nil {
		return nil, "", err
	}
	// A datapoint's own minute ends after the alarm's evaluation began.
	until := a.At.Add(time.Minute)
	result, err := hunter.Group(ctx, reader, cloudwatch.Query{Group: filter.Group, Pattern: filter.Pattern, Since: a.From, Until: until})
	if ctx.Err() != nil {
		return nil, "", ctx.Err()
	}
	var found []quell.Finding
	for _, f := range result.Findings {
		if slices.ContainsFunc(f.Entities, func(e quell.Entity) bool { return e.Part == quell.PartActor || e.Part == quell.PartMade }) {
			found = append(found, f)
		}
	}
	what := fmt.Sprintf("%d events of log group %s fit the filter %s between %s and %s, and no rule finds anybody in them", result.Events, filter.Group,
		filter.Name, a.From.Format(time.RFC3339), until.Format(time.RFC3339))
	if err != nil {
		what = err.Error()
	}
	if len(found) > 0 {
		m.say("alarm %s: %s led to %s", quell.Cut(a.Name, 80), quell.Cut(filter.Group, 80), peopleIn(found))
	}
	return found, what, nil
}

// peopleIn names who acts in findings, for a line of progress.
func peopleIn(found []quell.Finding) string {
	var names []string
	for _, f := range found {
		if name := actorOf(f); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return quell.Cut(strings.Join(names, ", "), 200)
}

// accountOf is the account in an ARN, empty where there is none.
func accountOf(arn string) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		return parts[4]
	}
	return ""
}
