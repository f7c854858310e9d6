package call

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
)

// encode writes an SDK input or output as JSON without the fields that are unset: nil, and the empty string of an enum,
// which is how the SDK spells an unset one. A pointer to an empty string is set, as the value of a tag may be.
func encode(in any) (json.RawMessage, error) {
	tree, err := setFields(reflect.ValueOf(in))
	if err != nil {
		return nil, err
	}
	return json.Marshal(tree)
}

// setFields turns a value into maps, lists and leaves that encoding/json writes as the SDK's own type would be written.
func setFields(v reflect.Value) (any, error) {
	if !v.IsValid() {
		return nil, nil
	}
	switch v.Interface().(type) {
	case json.Marshaler, encoding.TextMarshaler, []byte:
		return v.Interface(), nil // times and documents write themselves
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil, nil
		}
		return setFields(v.Elem())
	case reflect.Struct:
		return structFields(v)
	case reflect.Slice:
		if v.IsNil() {
			return nil, nil
		}
		list := make([]any, v.Len())
		for i := range list {
			item, err := setFields(v.Index(i))
			if err != nil {
				return nil, err
			}
			list[i] = item
		}
		return list, nil
	case reflect.Map:
		fields := make(map[string]any, v.Len())
		for _, key := range v.MapKeys() {
			item, err := setFields(v.MapIndex(key))
			if err != nil {
				return nil, err
			}
			fields[key.String()] = item
		}
		return fields, nil
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		return nil, fmt.Errorf("a %s is no data", v.Type())
	}
	return v.Interface(), nil
}

func structFields(v reflect.Value) (any, error) {
	fields := make(map[string]any, v.NumField())
	for i := range v.NumField() {
		field, value := v.Type().Field(i), v.Field(i)
		if !field.IsExported() || unset(value) {
			continue
		}
		item, err := setFields(value)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", field.Name, err)
		}
		fields[field.Name] = item
	}
	return fields, nil
}

func unset(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Map:
		return v.IsNil()
	case reflect.String:
		return v.Len() == 0
	}
	return false
}
