package call

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"

	"github.com/quell-ir/quell"
)

// Definition is one AWS operation as Quell uses it, free of its types.
type Definition struct {
	// Op is service:Operation, the service as IAM names it.
	Op string
	// Actions are the IAM actions the operation needs, Op itself by default.
	Actions []string
	// VisibleAfter is how long until reads are sure to show a write.
	VisibleAfter time.Duration
	// DoneOn are error codes that mean the effect is already there.
	DoneOn []string
	// TokenField is the input field that makes a repeated send the same send.
	TokenField string
	// Global operations are sent to us-east-1 whatever the region of their target.
	Global bool
	edit   *Document
	input  reflect.Type
	check  func(input []byte) error
	send   func(ctx context.Context, cfg aws.Config, input []byte) (Reply, error)
}

// Reply is what came back: the whole output as JSON, from which only named parts may be recorded.
type Reply struct {
	Output    json.RawMessage
	RequestID string
}

// Op is a Definition with the types of one operation.
type Op[In, Out any] struct {
	*Definition
	do func(ctx context.Context, cfg aws.Config, in *In) (*Out, error)
}

// Trait states how an operation differs from the default.
type Trait func(*Definition)

// Define makes an operation from a client's constructor and a method expression:
//
//	var UpdateAccessKey = call.Define("iam:UpdateAccessKey", iam.NewFromConfig, (*iam.Client).UpdateAccessKey)
func Define[C, In, Out, Opt any](
	op string,
	client func(aws.Config, ...Opt) *C,
	method func(*C, context.Context, *In, ...Opt) (*Out, error),
	traits ...Trait,
) Op[In, Out] {
	do := func(ctx context.Context, cfg aws.Config, in *In) (*Out, error) { return method(client(cfg), ctx, in) }
	d := &Definition{
		Op:      op,
		Actions: []string{op},
		input:   reflect.TypeFor[In](),
		check: func(input []byte) error {
			_, err := decode[In](op, input)
			return err
		},
		send: func(ctx context.Context, cfg aws.Config, input []byte) (Reply, error) {
			in, err := decode[In](op, input)
			if err != nil {
				return Reply{}, err
			}
			out, err := do(ctx, cfg, in)
			if err != nil {
				return Reply{RequestID: requestIDOf(err)}, err
			}
			return replyOf(op, out)
		},
	}
	for _, trait := range traits {
		trait(d)
	}
	return Op[In, Out]{Definition: d, do: do}
}

// Needs replaces the IAM actions an operation requires.
func Needs(actions ...string) Trait { return func(d *Definition) { d.Actions = actions } }

// VisibleAfter sets how long a write may hide from reads.
func VisibleAfter(delay time.Duration) Trait {
	return func(d *Definition) { d.VisibleAfter = delay }
}

// DoneOn names error codes that mean the effect is already there.
func DoneOn(codes ...string) Trait { return func(d *Definition) { d.DoneOn = codes } }

// Token names the idempotency field.
func Token(field string) Trait { return func(d *Definition) { d.TokenField = field } }

// Global marks an operation that only us-east-1 answers.
func Global() Trait { return func(d *Definition) { d.Global = true } }

// With makes a call of the operation. The input's null fields are dropped.
func (o Op[In, Out]) With(in *In) quell.Call {
	input, err := encode(in)
	if err != nil {
		// An SDK input is plain data; TestInputsSurviveJSON refuses the few that are not.
		panic(fmt.Sprintf("call: encode input of %s: %v", o.Op, err))
	}
	return quell.Call{Op: o.Op, Kind: quell.Irreversible, Input: input}
}

// Do sends the operation at once; looks use it for reading.
func (o Op[In, Out]) Do(ctx context.Context, cfg aws.Config, in *In) (*Out, error) {
	return o.do(ctx, cfg, in)
}

// Check says whether input decodes into the operation's input type without an unknown field.
func (d *Definition) Check(input json.RawMessage) error { return d.check(input) }

func decode[In any](op string, input []byte) (*In, error) {
	in := new(In)
	dec := json.NewDecoder(bytes.NewReader(input))
	dec.DisallowUnknownFields()
	if err := dec.Decode(in); err != nil {
		return nil, fmt.Errorf("decode input of %s: %w: %w", op, errNeverLeft, err)
	}
	return in, nil
}

// replyOf encodes an output and takes the request id out of its metadata.
func replyOf(op string, out any) (Reply, error) {
	var reply Reply
	if field := reflect.ValueOf(out).Elem().FieldByName("ResultMetadata"); field.IsValid() {
		if metadata, ok := field.Interface().(middleware.Metadata); ok {
			reply.RequestID, _ = awsmiddleware.GetRequestIDMetadata(metadata)
		}
		field.SetZero()
	}
	output, err := encode(out)
	if err != nil {
		// The call went through; an output with a reader in it has nothing a call could keep.
		return reply, nil //nolint:nilerr // see above
	}
	reply.Output = output
	return reply, nil
}

// Service is the part of an operation's name before the colon.
func Service(op string) string {
	service, _, _ := strings.Cut(op, ":")
	return service
}

// Operation is the part of an operation's name after the colon.
func Operation(op string) string {
	_, operation, _ := strings.Cut(op, ":")
	return operation
}
