package sandbox

import (
	"reflect"
	"slices"
	"strings"
	"time"
)

// shape turns an SDK value into the JSON form CloudTrail records: members begin in lower case, what is absent is left
// out, times are written as IAM writes them. hidden members, by their SDK name, stand as a mark instead of a value.
func shape(v any, hidden []string) any { return shapeValue(reflect.ValueOf(v), hidden) }

const hiddenMark = "HIDDEN_DUE_TO_SECURITY_REASONS"

func shapeTime(t time.Time) string { return t.UTC().Format("Jan 2, 2006, 3:04:05 PM") }

func shapeValue(v reflect.Value, hidden []string) any {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return shapeValue(v.Elem(), hidden)
	case reflect.Struct:
		if t, ok := v.Interface().(time.Time); ok {
			return shapeTime(t)
		}
		return shapeStruct(v, hidden)
	case reflect.Slice:
		if v.IsNil() || v.Type().Elem().Kind() == reflect.Uint8 {
			return nil
		}
		out := make([]any, v.Len())
		for i := range out {
			out[i] = shapeValue(v.Index(i), hidden)
		}
		return out
	case reflect.Map:
		out := map[string]any{}
		for it := v.MapRange(); it.Next(); {
			out[it.Key().String()] = shapeValue(it.Value(), hidden)
		}
		return out
	case reflect.String:
		if v.Len() == 0 {
			return nil
		}
		return v.String()
	case reflect.Bool:
		return v.Bool()
	case reflect.Int32, reflect.Int64, reflect.Int:
		return v.Int()
	case reflect.Float32, reflect.Float64:
		return v.Float()
	}
	return nil
}

func shapeStruct(v reflect.Value, hidden []string) any {
	out := map[string]any{}
	for i := range v.NumField() {
		f, value := v.Type().Field(i), v.Field(i)
		if !f.IsExported() || f.Name == "ResultMetadata" || (value.Kind() == reflect.Bool && !value.Bool()) {
			continue
		}
		shaped := shapeValue(value, hidden)
		if shaped == nil {
			continue
		}
		if slices.Contains(hidden, f.Name) {
			shaped = hiddenMark
		}
		out[lowerFirst(f.Name)] = shaped
	}
	return out
}

// lowerFirst is how CloudTrail spells members: UserName becomes userName, MFADevices mFADevices.
func lowerFirst(name string) string { return strings.ToLower(name[:1]) + name[1:] }
