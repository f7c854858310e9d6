package call_test

import (
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/quell-ir/quell/actions"
	"github.com/quell-ir/quell/call"
)

// notData names the first part of a type that cannot be data: readers, the SDK's unions and documents (both are
// interfaces), functions.
func notData(t reflect.Type, seen map[reflect.Type]bool) string {
	if seen[t] || t == reflect.TypeFor[time.Time]() {
		return ""
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Interface, reflect.Func, reflect.Chan, reflect.UnsafePointer:
		return t.String()
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return notData(t.Elem(), seen)
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); f.IsExported() {
				if why := notData(f.Type, seen); why != "" {
					return f.Name + ": " + why
				}
			}
		}
	}
	return ""
}

// fill sets every field down to a depth, each to a value of its own.
func fill(v reflect.Value, depth int, n *int) {
	*n++
	switch v.Kind() {
	case reflect.Pointer:
		if depth > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(v.Elem(), depth-1, n)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Date(2026, 3, 2, 9, 0, *n, 5000, time.UTC)))
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i), depth, n)
			}
		}
	case reflect.Slice:
		if depth > 0 {
			v.Set(reflect.MakeSlice(v.Type(), 2, 2))
			fill(v.Index(0), depth-1, n)
			fill(v.Index(1), depth-1, n)
		}
	case reflect.Map:
		if depth > 0 {
			item := reflect.New(v.Type().Elem()).Elem()
			fill(item, depth-1, n)
			v.Set(reflect.MakeMap(v.Type()))
			v.SetMapIndex(reflect.ValueOf(fmt.Sprint("k", *n)).Convert(v.Type().Key()), item)
		}
	case reflect.String:
		v.SetString(fmt.Sprintf("v%d <&> é\n", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Uint8:
		v.SetUint(uint64(*n % 256))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(float64(*n) + 0.5)
	}
}

// TestInputsSurviveJSON holds every operation in the catalogue to what With relies on.
func TestInputsSurviveJSON(t *testing.T) {
	catalogue, err := actions.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	if len(catalogue.Calls) == 0 {
		t.Fatal("the catalogue holds no operation")
	}
	for op, d := range catalogue.Calls {
		t.Run(op, func(t *testing.T) {
			input := call.InputType(d)
			if why := notData(input, map[reflect.Type]bool{}); why != "" {
				t.Fatalf("input is not data: %s", why)
			}
			full := reflect.New(input)
			n := 0
			fill(full.Elem(), 5, &n)
			text, err := call.Encode(full.Interface())
			if err != nil {
				t.Fatal(err)
			}
			back := reflect.New(input)
			if err := json.Unmarshal(text, back.Interface()); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(full.Interface(), back.Interface()) {
				t.Errorf("came back different: %s", text)
			}
			if err := d.Check(text); err != nil {
				t.Error(err)
			}
			if err := d.Check(json.RawMessage(`{"NoSuchField":1}`)); call.Code(err) != call.CodeInput {
				t.Errorf("an unknown field gave %v", err)
			}
		})
	}
}

func TestNotDataIsSeen(t *testing.T) {
	for _, test := range []struct {
		of   reflect.Type
		want bool
	}{
		{reflect.TypeFor[s3.PutObjectInput](), true}, {reflect.TypeFor[struct{ R io.Reader }](), true},
		{reflect.TypeFor[struct{ L []struct{ F func() } }](), true},
		{reflect.TypeFor[iam.CreateUserInput](), false}, {reflect.TypeFor[s3types.LifecycleRule](), false},
	} {
		if why := notData(test.of, map[reflect.Type]bool{}); (why != "") != test.want {
			t.Errorf("%s: %q", test.of, why)
		}
	}
}

// TestEncodeDropsWhatIsUnset tells what was set to nothing from what was not set.
func TestEncodeDropsWhatIsUnset(t *testing.T) {
	for _, test := range []struct {
		name string
		in   any
		want string
	}{
		{"nothing", &iam.CreateUserInput{}, `{}`},
		{"null pointers and lists go", &iam.CreateUserInput{UserName: aws.String("a")}, `{"UserName":"a"}`},
		{"an unset enum goes", &iam.UpdateAccessKeyInput{AccessKeyId: aws.String("AKIA")}, `{"AccessKeyId":"AKIA"}`},
		{"an enum stays", &iam.UpdateAccessKeyInput{Status: types.StatusTypeInactive}, `{"Status":"Inactive"}`},
		{"the empty value of a tag stays", &iam.TagUserInput{Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("")}}},
			`{"Tags":[{"Key":"k","Value":""}]}`},
		{"an empty list stays", &iam.TagUserInput{Tags: []types.Tag{}}, `{"Tags":[]}`},
		{"false and zero stay when pointed at", &s3.ListObjectsV2Input{FetchOwner: aws.Bool(false), MaxKeys: aws.Int32(0)},
			`{"FetchOwner":false,"MaxKeys":0}`},
		{"times", &s3.HeadObjectInput{IfModifiedSince: aws.Time(time.Unix(0, 0).UTC())}, `{"IfModifiedSince":"1970-01-01T00:00:00Z"}`},
		{"metadata of maps", &s3.PutObjectInput{Metadata: map[string]string{"a": ""}}, `{"Metadata":{"a":""}}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := call.Encode(test.in)
			if err != nil || string(got) != test.want {
				t.Errorf("%s, %v; want %s", got, err, test.want)
			}
		})
	}
	if got, err := call.Encode(struct{ F func() }{func() {}}); err == nil {
		t.Errorf("a function was encoded: %s", got)
	}
}
