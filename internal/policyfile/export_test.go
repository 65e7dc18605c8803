package policyfile

import "errors"

// ParserBy returns Parse with another schema than the published one.
func ParserBy(schema []byte) (func(file string, data []byte) error, error) {
	compiled, err := compile(schema)
	return func(file string, data []byte) error {
		_, _, err := checkBy(compiled, file, data)
		return err
	}, err
}

// FormMistakes returns the mistakes that the schema finds, without those of YAML and of Go's checks.
func FormMistakes(file string, data []byte) (Mistakes, error) {
	schema, err := compiled()
	if err != nil {
		return nil, err
	}
	r := newReader(file, data)
	root := r.root()
	if root == nil {
		return nil, errors.New("not YAML")
	}
	r.mistakes, r.phase = nil, Form
	r.validate(root, schema)
	return r.mistakes.sorted(), nil
}
