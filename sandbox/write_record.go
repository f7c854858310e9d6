package sandbox

import (
	"encoding/json"
	"net/netip"
	"time"
)

// Act is one call as it truly happened, whether or not a trail saw it.
type Act struct {
	Time      time.Time
	AccessKey string
	// Principal and ARN are who called: AIDA..., AROA...:session, account:name; empty where the key is unknown.
	Principal, ARN string
	Op             string // service:Operation, as Call.Op
	Action         string // the IAM action judged
	Region         string
	Resource       string
	// Allowed says that neither the front door nor a policy refused; the call may still have failed (Code).
	Allowed bool
	Code    string // the wire's error code, "" for success
	// Open marks operations no policy can refuse, such as sts:GetCallerIdentity: they prove nothing of containment.
	Open     bool
	ReadOnly bool
	Issued   string // the access key the call made
}

// Truth returns every call so far, in order. It is the oracle that verdicts are judged by.
func (w *World) Truth() []Act {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]Act(nil), w.truth...)
}

func (w *World) witness(c *call, err error) {
	arn, id := "", ""
	if c.caller.account != nil {
		arn, id = c.caller.names()
	}
	code := errorCode(err)
	w.truth = append(w.truth, Act{
		Time: c.now, AccessKey: c.arrival.accessKey, Principal: id, ARN: arn,
		Op: actionPrefix(c.operation.service) + ":" + c.operation.name, Action: c.operation.action, Region: c.recordedRegion(),
		Resource: c.target.arn, Allowed: !refusals[code], Code: code, Open: c.operation.open,
		ReadOnly: c.operation.readOnly, Issued: c.issued,
	})
}

// refusals are the codes with which a call is turned away; any other error comes after it was let in.
var refusals = map[string]bool{
	"AccessDenied": true, "AccessDeniedException": true, "UnauthorizedOperation": true, "Forbidden": true,
	"InvalidClientTokenId": true, "InvalidAccessKeyId": true, "UnrecognizedClientException": true, "AuthFailure": true,
	"ExpiredToken": true, "ExpiredTokenException": true, "RequestExpired": true, "MissingAuthenticationToken": true,
	"MissingAuthenticationTokenException": true,
}

// origin is where calls of a credential come from.
type origin struct{ ip, agent string }

// Where sets the source address and user agent of an access key's calls; sessions made with it inherit both.
func (w *World) Where(accessKey, ip, userAgent string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.origins[accessKey] = origin{ip, userAgent}
}

func (w *World) originOf(c caller) origin {
	if from, ok := w.origins[c.accessKeyID()]; ok {
		return from
	}
	return origin{netip.AddrFrom4([4]byte{198, 51, 100, 10}).String(), "aws-sdk-go-v2"}
}

// recordedRegion is where the record appears: IAM is global and lives in us-east-1.
func (c *call) recordedRegion() string {
	if c.arrival.service == "IAM" || c.arrival.region == "" {
		return "us-east-1"
	}
	return c.arrival.region
}

// trailRecord is CloudTrail's record, in the order CloudTrail writes its members.
type trailRecord struct {
	EventVersion       string         `json:"eventVersion"`
	UserIdentity       userIdentity   `json:"userIdentity"`
	EventTime          string         `json:"eventTime"`
	EventSource        string         `json:"eventSource"`
	EventName          string         `json:"eventName"`
	AWSRegion          string         `json:"awsRegion"`
	SourceIPAddress    string         `json:"sourceIPAddress"`
	UserAgent          string         `json:"userAgent"`
	ErrorCode          string         `json:"errorCode,omitempty"`
	ErrorMessage       string         `json:"errorMessage,omitempty"`
	RequestParameters  any            `json:"requestParameters"`
	ResponseElements   any            `json:"responseElements"`
	RequestID          string         `json:"requestID"`
	EventID            string         `json:"eventID"`
	ReadOnly           bool           `json:"readOnly"`
	Resources          []resourceItem `json:"resources,omitempty"`
	EventType          string         `json:"eventType"`
	ManagementEvent    bool           `json:"managementEvent"`
	RecipientAccountID string         `json:"recipientAccountId"`
	SharedEventID      string         `json:"sharedEventID,omitempty"`
	EventCategory      string         `json:"eventCategory"`
	TLSDetails         *tlsDetails    `json:"tlsDetails,omitempty"`
}

type resourceItem struct {
	AccountID string `json:"accountId,omitempty"`
	Type      string `json:"type"`
	ARN       string `json:"ARN"`
}

type tlsDetails struct {
	TLSVersion  string `json:"tlsVersion"`
	CipherSuite string `json:"cipherSuite"`
}

// record writes what CloudTrail would keep of the call.
func (w *World) record(c *call, in, result any, err error, requestID string) {
	op := c.operation
	from := w.originOf(c.caller)
	r := &trailRecord{
		EventVersion: "1.11", UserIdentity: c.identity(), EventTime: c.now.UTC().Format("2006-01-02T15:04:05Z"),
		EventSource: actionPrefix(op.service) + ".amazonaws.com", EventName: op.event, AWSRegion: c.recordedRegion(),
		SourceIPAddress: from.ip, UserAgent: from.agent, RequestID: requestID, EventID: newUUID(w.ids),
		ReadOnly: op.readOnly, EventType: "AwsApiCall", ManagementEvent: !op.data, RecipientAccountID: c.account.id,
		EventCategory: "Management", TLSDetails: &tlsDetails{"TLSv1.3", "TLS_AES_128_GCM_SHA256"},
		RequestParameters: c.recordedRequest(in), Resources: c.recordedResources(),
	}
	if op.data {
		r.EventCategory = "Data"
	}
	if err != nil {
		r.ErrorCode, r.ErrorMessage = recordedCode(op.service, err), messageOf(err)
	} else {
		r.ResponseElements = c.recordedResponse(result)
	}
	w.trail.add(w, c, r)
}

func (c *call) recordedRequest(in any) any {
	op := c.operation
	var out any
	if op.request != nil {
		out = op.request(c, in)
	} else {
		out = shape(in, op.hide)
	}
	if m, ok := out.(map[string]any); ok && len(m) == 0 {
		return nil
	}
	return out
}

// recordedResponse: reads leave their answer out, and writes without one have none.
func (c *call) recordedResponse(result any) any {
	op := c.operation
	if op.response != nil {
		return op.response(result)
	}
	if op.readOnly {
		return nil
	}
	if m, ok := shape(result, nil).(map[string]any); ok && len(m) > 0 {
		return m
	}
	return nil
}

func (c *call) recordedResources() []resourceItem {
	switch {
	case c.operation.service == "S3" && c.target.kind != "":
		return s3Resources(c)
	case c.operation.name == "AssumeRole":
		return []resourceItem{{c.account.id, "AWS::IAM::Role", c.target.arn}}
	}
	return nil
}

func messageOf(err error) string {
	type messenger interface{ ErrorMessage() string }
	if m, ok := err.(messenger); ok {
		return m.ErrorMessage()
	}
	return err.Error()
}

// json renders the record once.
func (r *kept) json() json.RawMessage {
	if r.raw == nil {
		raw, err := json.Marshal(r.record)
		if err != nil {
			// Every member is text, a number, a truth value or a map of them.
			panic("sandbox: encode trail record: " + err.Error())
		}
		r.raw = raw
	}
	return r.raw
}
