package cloudtrail

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
)

// trail is what the account says about one trail. A part that could not be read is null, and named as missing.
type trail struct {
	Trail     types.Trail `json:"trail"`
	Status    any         `json:"status"`
	Selectors any         `json:"selectors"`
}

// keepTrails keeps every trail's configuration, by ARN: each is asked for in the region it belongs to.
func (e *exporter) keepTrails(ctx context.Context) error {
	name := e.folder + "trails.json"
	if e.sink.Has(name) {
		e.m.Artefacts = append(e.m.Artefacts, artefact{Name: name, Earlier: true})
		return nil
	}
	trails, before := map[string]trail{}, len(e.m.Missing)
	for _, region := range e.m.Regions {
		var list []types.Trail
		err := e.ask(ctx, region, func(cfg aws.Config) error {
			out, err := cloudtrail.NewFromConfig(cfg).DescribeTrails(ctx,
				&cloudtrail.DescribeTrailsInput{IncludeShadowTrails: aws.Bool(false)})
			if err == nil {
				list = out.TrailList
			}
			return err
		})
		if err != nil {
			if err := e.fail(ctx, region+" trails", err); err != nil {
				return err
			}
			continue
		}
		e.answered = true
		for _, t := range list {
			if trails[aws.ToString(t.TrailARN)], err = e.readTrail(ctx, region, t); err != nil {
				return err
			}
		}
	}
	if e.settle(); len(e.again) > 0 {
		// Kept now it would never be completed; the next run reads it afresh.
		return nil
	}
	text, err := encode(trails)
	if err != nil {
		return err
	}
	return e.put(ctx, name, "cloudtrail:DescribeTrails, GetTrailStatus, GetEventSelectors", bytes.NewReader(text),
		slices.Clone(e.m.Missing[before:]))
}

// readTrail reads a trail's status and selectors. It fails with the context only.
func (e *exporter) readTrail(ctx context.Context, region string, t types.Trail) (trail, error) {
	out, arn := trail{Trail: t}, t.TrailARN
	err := e.ask(ctx, region, func(cfg aws.Config) error {
		got, err := cloudtrail.NewFromConfig(cfg).GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: arn})
		if err == nil {
			out.Status, err = plain(got)
		}
		return err
	})
	if err != nil {
		if err := e.fail(ctx, "status of "+aws.ToString(arn), err); err != nil {
			return out, err
		}
	}
	err = e.ask(ctx, region, func(cfg aws.Config) error {
		got, err := cloudtrail.NewFromConfig(cfg).GetEventSelectors(ctx, &cloudtrail.GetEventSelectorsInput{TrailName: arn})
		if err == nil {
			out.Selectors, err = plain(got)
		}
		return err
	})
	if err != nil {
		return out, e.fail(ctx, "selectors of "+aws.ToString(arn), err)
	}
	return out, nil
}

// plain drops from an SDK output what says nothing about the account.
func plain(v any) (map[string]any, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode answer: %w", err)
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, fmt.Errorf("decode answer: %w", err)
	}
	for name, value := range fields {
		if value == nil || name == "ResultMetadata" {
			delete(fields, name)
		}
	}
	return fields, nil
}
