package policyfile

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// compiled returns the published schema, ready to validate.
var compiled = sync.OnceValues(func() (*jsonschema.Schema, error) {
	data, err := Schema()
	if err != nil {
		return nil, err
	}
	return compile(data)
})

func compile(data []byte) (*jsonschema.Schema, error) {
	const location = "policy.schema.json"
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	compiler := jsonschema.NewCompiler()
	if err = errors.Join(err, compiler.AddResource(location, document)); err != nil {
		return nil, fmt.Errorf("parse schema: %w", err)
	}
	return compiler.Compile(location)
}

// validate reports every violation of the schema and leaves them at the elements, so that no later check looks at
// a value that is refused.
func (r *reader) validate(root *element, schema *jsonschema.Schema) {
	r.intend(root, form())
	var invalid *jsonschema.ValidationError
	if errors.As(schema.Validate(root.json()), &invalid) {
		root.attach(invalid, nil)
		r.explain(root, form())
	}
}

// attach splits the violations into those of single keywords. It skips the reasons below a refused name or
// choice, which the messages don't need. The path is that of the enclosing violation: the validator
// overwrites the one of a name. https://github.com/santhosh-tekuri/jsonschema/pull/269
func (e *element) attach(v *jsonschema.ValidationError, path []string) {
	switch k := v.ErrorKind.(type) {
	case *kind.PropertyNames:
		key := e.find(path).byKey[k.Property].key
		key.violations = append(key.violations, k)
		return
	case *kind.OneOf:
		v.Causes = nil
	}
	for _, cause := range v.Causes {
		e.attach(cause, v.InstanceLocation)
	}
	if len(v.Causes) == 0 {
		at := e.find(v.InstanceLocation)
		at.violations = append(at.violations, v.ErrorKind)
	}
}

// find follows a path of keys and of indexes.
func (e *element) find(path []string) *element {
	for _, step := range path {
		if e.byKey != nil {
			e = e.byKey[step]
		} else if i, err := strconv.Atoi(step); err == nil {
			e = e.inside[i]
		}
	}
	return e
}
