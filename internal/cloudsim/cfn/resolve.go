package cfn

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// made is a resource that exists, with its values for Ref and Fn::GetAtt.
type made struct {
	ref        string
	attributes map[string]string
}

// scope has the values to which a template's functions refer.
type scope struct {
	pseudo     map[string]string // AWS::Region and the like
	parameters map[string]string
	resources  map[string]made
}

// function is one intrinsic function. Its argument isn't resolved yet.
type function func(s scope, argument any) (any, error)

// lookup knows the functions that the CDK app's templates use; another one is an error.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
func lookup(name string) (function, error) {
	switch name {
	case "Ref":
		return ref, nil
	case "Fn::GetAtt":
		return getAtt, nil
	case "Fn::Join":
		return join, nil
	case "Fn::Sub":
		return sub, nil
	case "Fn::Not":
		return not, nil
	case "Fn::Contains":
		return contains, nil
	}
	return nil, fmt.Errorf("unknown function %s", name)
}

// resolve replaces every function in a value by its result.
func (s scope) resolve(value any) (any, error) {
	switch v := value.(type) {
	case map[string]any:
		if name, argument, found := call(v); found {
			f, err := lookup(name)
			if err != nil {
				return nil, err
			}
			return f(s, argument)
		}
		return s.resolveMap(v)
	case []any:
		return s.resolveList(v)
	}
	return value, nil
}

func (s scope) resolveMap(members map[string]any) (map[string]any, error) {
	out := make(map[string]any, len(members))
	for name, inner := range members {
		r, err := s.resolve(inner)
		if err != nil {
			return nil, err
		}
		out[name] = r
	}
	return out, nil
}

func (s scope) resolveList(list []any) ([]any, error) {
	out := make([]any, len(list))
	for i, inner := range list {
		r, err := s.resolve(inner)
		if err != nil {
			return nil, err
		}
		out[i] = r
	}
	return out, nil
}

// call recognizes {"Ref": …} and {"Fn::…": …}.
func call(v map[string]any) (name string, argument any, found bool) {
	if len(v) != 1 {
		return "", nil, false
	}
	for name, argument = range v {
		found = name == "Ref" || name == "Condition" || strings.HasPrefix(name, "Fn::")
	}
	if _, isName := argument.(string); name == "Condition" && !isName {
		return "", nil, false // of a policy statement
	}
	return name, argument, found
}

// references collects the names in Ref, Fn::GetAtt and Fn::Sub.
func references(value any, into map[string]bool) {
	switch v := value.(type) {
	case map[string]any:
		name, argument, _ := call(v)
		switch name {
		case "Ref":
			into[fmt.Sprint(argument)] = true
		case "Fn::GetAtt":
			if id, _, err := attribute(argument); err == nil {
				into[id] = true
			}
		case "Fn::Sub":
			for _, found := range placeholder.FindAllStringSubmatch(fmt.Sprint(argument), -1) {
				id, _, _ := strings.Cut(found[1], ".")
				into[id] = true
			}
		}
		for _, inner := range v {
			references(inner, into)
		}
	case []any:
		for _, inner := range v {
			references(inner, into)
		}
	}
}

func ref(s scope, argument any) (any, error) {
	name, _ := argument.(string)
	if r, found := s.resources[name]; found {
		return r.ref, nil
	}
	for _, values := range []map[string]string{s.parameters, s.pseudo} {
		if value, found := values[name]; found {
			return value, nil
		}
	}
	return nil, fmt.Errorf("unresolved reference to %v", argument)
}

// attribute reads ["id", "name"] and "id.name".
func attribute(argument any) (id, name string, err error) {
	switch v := argument.(type) {
	case string:
		id, name, _ = strings.Cut(v, ".")
	case []any:
		if len(v) == 2 {
			id, name = fmt.Sprint(v[0]), fmt.Sprint(v[1])
		}
	}
	if id == "" || name == "" {
		return "", "", fmt.Errorf("wrong argument of Fn::GetAtt: %v", argument)
	}
	return id, name, nil
}

func getAtt(s scope, argument any) (any, error) {
	id, name, err := attribute(argument)
	if err != nil {
		return nil, err
	}
	value, found := s.resources[id].attributes[name]
	if !found {
		return nil, fmt.Errorf("unresolved reference to %s.%s", id, name)
	}
	return value, nil
}

func join(s scope, argument any) (any, error) {
	parts, err := s.arguments(argument, 2)
	if err != nil {
		return nil, fmt.Errorf("Fn::Join: %w", err)
	}
	list, ok := parts[1].([]any)
	if !ok {
		return nil, errors.New("Fn::Join: the second argument is no list")
	}
	values := make([]string, len(list))
	for i, value := range list {
		values[i] = fmt.Sprint(value)
	}
	return strings.Join(values, fmt.Sprint(parts[0])), nil
}

var placeholder = regexp.MustCompile(`\$\{([^!}][^}]*)\}`)

// sub takes the form without variables of its own.
func sub(s scope, argument any) (any, error) {
	text, ok := argument.(string)
	if !ok {
		return nil, errors.New("Fn::Sub: variables of its own are not supported")
	}
	var failed error
	text = placeholder.ReplaceAllStringFunc(text, func(found string) string {
		name := placeholder.FindStringSubmatch(found)[1]
		f := ref
		if strings.Contains(name, ".") {
			f = getAtt
		}
		value, err := f(s, name)
		failed = errors.Join(failed, err)
		return fmt.Sprint(value)
	})
	return strings.ReplaceAll(text, "${!", "${"), failed
}

func not(s scope, argument any) (any, error) {
	parts, err := s.arguments(argument, 1)
	if err != nil {
		return nil, fmt.Errorf("Fn::Not: %w", err)
	}
	return parts[0] != true, nil
}

func contains(s scope, argument any) (any, error) {
	parts, err := s.arguments(argument, 2)
	if err != nil {
		return nil, fmt.Errorf("Fn::Contains: %w", err)
	}
	list, _ := parts[0].([]any)
	return slices.Contains(list, parts[1]), nil
}

// arguments resolves a list of so many.
func (s scope) arguments(argument any, n int) ([]any, error) {
	list, _ := argument.([]any)
	if len(list) != n {
		return nil, fmt.Errorf("%d arguments, want %d", len(list), n)
	}
	return s.resolveList(list)
}
