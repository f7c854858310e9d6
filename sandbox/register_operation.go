package sandbox

import (
	"fmt"
	"reflect"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// operation is one API operation: how it is authorised, recorded and carried out.
type operation struct {
	service, name string
	readOnly      bool
	// data marks S3 object operations: CloudTrail records them only where asked, and never in its event history.
	data bool
	// action is the IAM action and event the recorded name; both are the operation's own unless AWS differs.
	action, event string
	// open operations answer under any deny: sts:GetCallerIdentity.
	open bool
	// target says what is acted on, for authorisation and for the record.
	target func(*call, any) target
	run    func(*call, any) (any, error)
	// request and response override the recorded parameters; hide names input fields that are secret.
	request  func(*call, any) any
	response func(any) any
	hide     []string
}

// target is the thing acted on.
type target struct {
	arn string
	// kind and name are for LookupEvents by resource: AWS::IAM::User, alice.
	kind, name string
	// extra holds condition keys that this operation brings: iam:policyarn.
	extra map[string][]string
}

type registry map[string]*operation

// operations is built once, and never changed after.
var operations = sync.OnceValue(func() registry {
	r := registry{}
	registerUsers(r)
	registerKeys(r)
	registerGroups(r)
	registerRoles(r)
	registerEmbedded(r)
	registerManaged(r)
	registerAttached(r)
	registerSessions(r)
	registerHistory(r)
	registerTrails(r)
	registerDevices(r)
	registerLogins(r)
	registerCredentials(r)
	registerBuckets(r)
	registerSecrets(r)
	registerRegions(r)
	registerSimulation(r)
	registerAccount(r)
	return r
})

type option func(*operation)

// reads and writes register an operation under "Service.Operation", typed.
func reads[In, Out any](r registry, name string, run func(*call, *In) (*Out, error), opts ...option) {
	register(r, name, true, run, opts)
}

func writes[In, Out any](r registry, name string, run func(*call, *In) (*Out, error), opts ...option) {
	register(r, name, false, run, opts)
}

func register[In, Out any](r registry, name string, readOnly bool, run func(*call, *In) (*Out, error), opts []option) {
	service, op := splitName(name)
	o := &operation{
		service: service, name: op, readOnly: readOnly, event: op,
		action: actionPrefix(service) + ":" + op,
		target: targetFinder(service, reflect.TypeFor[In]()),
		run: func(c *call, in any) (any, error) {
			typed, ok := in.(*In)
			if !ok {
				return nil, fmt.Errorf("sandbox: %s was sent a %T", name, in)
			}
			out, err := run(c, typed)
			if err != nil {
				return nil, err
			}
			if out == nil {
				out = new(Out)
			}
			return out, nil
		},
	}
	for _, opt := range opts {
		opt(o)
	}
	r[name] = o
}

func splitName(name string) (service, op string) {
	for i := len(name) - 1; i >= 0; i-- {
		if name[i] == '.' {
			return name[:i], name[i+1:]
		}
	}
	return "", name
}

func withAction(action string) option { return func(o *operation) { o.action = action } }
func withEvent(event string) option   { return func(o *operation) { o.event = event } }
func hiding(fields ...string) option  { return func(o *operation) { o.hide = fields } }
func asData(o *operation)             { o.data = true }

// at fixes how the target is found, typed.
func at[In any](find func(*call, *In) target) option {
	return func(o *operation) {
		o.target = func(c *call, in any) target {
			typed, ok := in.(*In)
			if !ok {
				return target{arn: "*"}
			}
			return find(c, typed)
		}
	}
}

// recorded gives the response its recorded shape, typed.
func recorded[Out any](shape func(*Out) any) option {
	return func(o *operation) {
		o.response = func(out any) any {
			if typed, ok := out.(*Out); ok {
				return shape(typed)
			}
			return nil
		}
	}
}

// field reads a *string member of an input by its index; -1 reads nothing.
type field int

func fieldOf(t reflect.Type, name string) field {
	f, ok := t.FieldByName(name)
	if !ok || f.Type != reflect.TypeFor[*string]() {
		return -1
	}
	return field(f.Index[0])
}

func (f field) of(in any) string {
	if f < 0 {
		return ""
	}
	s, _ := reflect.ValueOf(in).Elem().Field(int(f)).Interface().(*string)
	return aws.ToString(s)
}
