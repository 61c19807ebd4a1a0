package handlers

import (
	"reflect"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"jol/models"
)

// requireMembers refuses an object that lacks a member its type calls required, and names
// all of them. The tag validate:"required" is what the description is made of too, so that
// no handler has to ask whether something is there, and no rule calls what is absent wrong.
func requireMembers(c *models.Checks, t reflect.Type, object jsontext.Value, at string) {
	var given map[string]jsontext.Value
	if err := json.Unmarshal(object, &given); err != nil {
		return // null for an optional part: nothing is required of it
	}
	for _, f := range members(t) {
		name := jsonName(f)
		value, pointer := given[name], at+"/"+name
		if f.Tag.Get("validate") == "required" && !said(value, strings.Contains(f.Tag.Get("extensions"), "x-nullable")) {
			c.Add(pointer, "body.field_required")
			continue
		}
		requireParts(c, f.Type, value, pointer)
	}
}

// requireParts looks into what a member holds: a part of the request, or a list of parts.
func requireParts(c *models.Checks, t reflect.Type, value jsontext.Value, at string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t.Kind() == reflect.Struct && strings.HasPrefix(t.PkgPath(), "jol/") && value.Kind() == '{':
		requireMembers(c, t, value, at)
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct && value.Kind() == '[':
		var items []jsontext.Value
		if err := json.Unmarshal(value, &items); err != nil {
			return
		}
		for i, item := range items {
			requireParts(c, t.Elem(), item, at+"/"+strconv.Itoa(i))
		}
	}
}

// said reports whether a member says anything: as in answers, what is absent may be null, ""
// or [] as well. Zero and false are values.
func said(value jsontext.Value, nullable bool) bool {
	switch string(value) {
	case "", `""`:
		return false
	case "null":
		return nullable
	}
	var list []jsontext.Value
	return value.Kind() != '[' || json.Unmarshal(value, &list) != nil || len(list) > 0
}
