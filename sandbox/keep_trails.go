package sandbox

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cttypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
)

// trail is a CloudTrail trail: it decides what Delivered shows, never what event history shows.
type trail struct {
	arn, name, region, bucket string
	multiRegion, global       bool
	validation                bool
	logging                   bool
	started, stopped          time.Time
	selectors                 []cttypes.EventSelector
}

func registerTrails(r registry) {
	writes(r, "CloudTrail.CreateTrail", (*call).createTrail)
	writes(r, "CloudTrail.DeleteTrail", (*call).deleteTrail)
	writes(r, "CloudTrail.StartLogging", (*call).startLogging)
	writes(r, "CloudTrail.StopLogging", (*call).stopLogging)
	reads(r, "CloudTrail.DescribeTrails", (*call).describeTrails)
	reads(r, "CloudTrail.GetTrailStatus", (*call).getTrailStatus)
	reads(r, "CloudTrail.GetEventSelectors", (*call).getEventSelectors)
	writes(r, "CloudTrail.PutEventSelectors", (*call).putEventSelectors)
}

func trailTarget(in reflect.Type) func(*call, any) target {
	name, trailName := fieldOf(in, "Name"), fieldOf(in, "TrailName")
	return func(c *call, given any) target {
		ref := name.of(given) + trailName.of(given)
		if ref == "" {
			return target{arn: "*"}
		}
		arn := ref
		if !strings.HasPrefix(ref, "arn:") {
			arn = trailARN(c.region, c.account.id, ref)
			if t := c.account.findTrail(ref, c.region); t != nil {
				arn = t.arn
			}
		}
		return target{arn: arn, kind: "AWS::CloudTrail::Trail", name: ref}
	}
}

func trailARN(region, account, name string) string {
	return "arn:aws:cloudtrail:" + region + ":" + account + ":trail/" + name
}

// findTrail takes a name, which works in the trail's own region, or an ARN.
func (a *account) findTrail(ref, region string) *trail {
	if t := a.trails[ref]; t != nil {
		return t
	}
	return a.trails[trailARN(region, a.id, ref)]
}

func (c *call) trail(ref *string) (*trail, error) {
	if t := c.account.findTrail(aws.ToString(ref), c.region); t != nil {
		return t, nil
	}
	return nil, &cttypes.TrailNotFoundException{
		Message: aws.String("Unknown trail: " + aws.ToString(ref) + " for the user: " + c.account.id),
	}
}

// addTrail makes a trail that logs from the start.
func (a *account) addTrail(w *World, name, region, bucket string, multiRegion, data bool) *trail {
	t := &trail{
		arn: trailARN(region, a.id, name), name: name, region: region, bucket: bucket, multiRegion: multiRegion,
		global: true, validation: true, logging: true, started: w.clock.Now(),
	}
	t.selectors = []cttypes.EventSelector{{IncludeManagementEvents: aws.Bool(true), ReadWriteType: cttypes.ReadWriteTypeAll}}
	if data {
		t.selectors[0].DataResources = []cttypes.DataResource{{
			Type: aws.String("AWS::S3::Object"), Values: []string{"arn:aws:s3"},
		}}
	}
	a.trails[t.arn] = t
	return t
}

// selects says whether the trail's selectors take the record.
func (t *trail) selects(r *trailRecord, on target) bool {
	for _, s := range t.selectors {
		switch {
		case s.ReadWriteType == cttypes.ReadWriteTypeReadOnly && !r.ReadOnly,
			s.ReadWriteType == cttypes.ReadWriteTypeWriteOnly && r.ReadOnly:
		case r.ManagementEvent:
			if s.IncludeManagementEvents == nil || *s.IncludeManagementEvents {
				return true
			}
		default:
			for _, d := range s.DataResources {
				if aws.ToString(d.Type) == "AWS::S3::Object" &&
					slices.ContainsFunc(d.Values, func(v string) bool { return strings.HasPrefix(on.arn, v) }) {
					return true
				}
			}
		}
	}
	return false
}

func (t *trail) show() cttypes.Trail {
	data := slices.ContainsFunc(t.selectors, func(s cttypes.EventSelector) bool { return len(s.DataResources) > 0 })
	return cttypes.Trail{
		Name: aws.String(t.name), TrailARN: aws.String(t.arn), S3BucketName: aws.String(t.bucket), HomeRegion: aws.String(t.region),
		IsMultiRegionTrail: aws.Bool(t.multiRegion), IncludeGlobalServiceEvents: aws.Bool(t.global),
		LogFileValidationEnabled: aws.Bool(t.validation), IsOrganizationTrail: aws.Bool(false),
		HasCustomEventSelectors: aws.Bool(data), HasInsightSelectors: aws.Bool(false),
	}
}

func (c *call) createTrail(in *cloudtrail.CreateTrailInput) (*cloudtrail.CreateTrailOutput, error) {
	name, bucket := aws.ToString(in.Name), aws.ToString(in.S3BucketName)
	if c.account.findTrail(name, c.region) != nil {
		return nil, &cttypes.TrailAlreadyExistsException{Message: aws.String("Trail " + name + " already exists for customer: " + c.account.id)}
	}
	if c.w.buckets[bucket] == nil && bucket != archiveBucket(c.account.id) {
		return nil, &cttypes.S3BucketDoesNotExistException{Message: aws.String("S3 bucket " + bucket + " does not exist!")}
	}
	t := c.account.addTrail(c.w, name, c.region, bucket, aws.ToBool(in.IsMultiRegionTrail), false)
	// A new trail is silent until StartLogging, which is easily forgotten.
	t.logging, t.started = false, time.Time{}
	t.validation = aws.ToBool(in.EnableLogFileValidation)
	t.global = in.IncludeGlobalServiceEvents == nil || *in.IncludeGlobalServiceEvents
	return &cloudtrail.CreateTrailOutput{
		Name: in.Name, TrailARN: aws.String(t.arn), S3BucketName: in.S3BucketName, IsMultiRegionTrail: aws.Bool(t.multiRegion),
		IncludeGlobalServiceEvents: aws.Bool(t.global), LogFileValidationEnabled: aws.Bool(t.validation),
		IsOrganizationTrail: aws.Bool(false),
	}, nil
}

func (c *call) deleteTrail(in *cloudtrail.DeleteTrailInput) (*cloudtrail.DeleteTrailOutput, error) {
	t, err := c.trail(in.Name)
	if err != nil {
		return nil, err
	}
	delete(c.account.trails, t.arn)
	return nil, nil
}

func (c *call) startLogging(in *cloudtrail.StartLoggingInput) (*cloudtrail.StartLoggingOutput, error) {
	t, err := c.trail(in.Name)
	if err != nil {
		return nil, err
	}
	t.logging, t.started = true, c.now
	return nil, nil
}

func (c *call) stopLogging(in *cloudtrail.StopLoggingInput) (*cloudtrail.StopLoggingOutput, error) {
	t, err := c.trail(in.Name)
	if err != nil {
		return nil, err
	}
	t.logging, t.stopped = false, c.now
	return nil, nil
}

func (c *call) describeTrails(in *cloudtrail.DescribeTrailsInput) (*cloudtrail.DescribeTrailsOutput, error) {
	out := &cloudtrail.DescribeTrailsOutput{TrailList: []cttypes.Trail{}}
	shadows := in.IncludeShadowTrails == nil || *in.IncludeShadowTrails
	for _, t := range values(c.account.trails) {
		here := t.region == c.region || (t.multiRegion && shadows)
		named := len(in.TrailNameList) == 0 || slices.Contains(in.TrailNameList, t.name) || slices.Contains(in.TrailNameList, t.arn)
		if here && named {
			out.TrailList = append(out.TrailList, t.show())
		}
	}
	return out, nil
}

func (c *call) getTrailStatus(in *cloudtrail.GetTrailStatusInput) (*cloudtrail.GetTrailStatusOutput, error) {
	t, err := c.trail(in.Name)
	if err != nil {
		return nil, err
	}
	out := &cloudtrail.GetTrailStatusOutput{IsLogging: aws.Bool(t.logging)}
	if !t.started.IsZero() {
		out.StartLoggingTime = aws.Time(t.started)
	}
	if !t.stopped.IsZero() {
		out.StopLoggingTime = aws.Time(t.stopped)
	}
	if delivered := c.w.trail.deliveredBy(c.now); len(delivered) > 0 && c.account == c.w.home {
		out.LatestDeliveryTime = aws.Time(delivered[len(delivered)-1].at)
	}
	return out, nil
}

func (c *call) getEventSelectors(in *cloudtrail.GetEventSelectorsInput) (*cloudtrail.GetEventSelectorsOutput, error) {
	t, err := c.trail(in.TrailName)
	if err != nil {
		return nil, err
	}
	return &cloudtrail.GetEventSelectorsOutput{TrailARN: aws.String(t.arn), EventSelectors: slices.Clone(t.selectors)}, nil
}

func (c *call) putEventSelectors(in *cloudtrail.PutEventSelectorsInput) (*cloudtrail.PutEventSelectorsOutput, error) {
	t, err := c.trail(in.TrailName)
	if err != nil {
		return nil, err
	}
	if len(in.EventSelectors) == 0 || len(in.EventSelectors) > 5 {
		return nil, &cttypes.InvalidEventSelectorsException{Message: aws.String("A trail takes one to five event selectors.")}
	}
	t.selectors = slices.Clone(in.EventSelectors)
	return &cloudtrail.PutEventSelectorsOutput{TrailARN: aws.String(t.arn), EventSelectors: in.EventSelectors}, nil
}
