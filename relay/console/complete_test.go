package console

import (
	"encoding/json"
	"reflect"
	"time"

	"edgerelay/relay/hook"
)

// complete is a value with nothing in it left empty, so that its JSON has every member.
func complete[T any]() (v T) {
	fill(reflect.ValueOf(&v).Elem())
	return v
}

func fill(v reflect.Value) {
	switch at := v.Addr().Interface().(type) {
	case *time.Time:
		*at = noon()
		return
	case *json.RawMessage:
		*at = json.RawMessage("{}")
		return
	case *hook.View:
		*at = hook.Spec{}.View()
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i))
			}
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.String:
		v.SetString("text")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1_000_000)
	case reflect.Uint8:
		v.SetUint(0xff) // bytes that are no UTF-8
	case reflect.Uint32, reflect.Uint64:
		v.SetUint(1)
	case reflect.Float64:
		v.SetFloat(1)
	default:
		panic("nothing completes a " + v.Type().String())
	}
}
