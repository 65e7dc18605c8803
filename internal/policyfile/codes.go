package policyfile

// Code names the kind of a mistake or of a warning, for tools. A code never changes its meaning.
type Code string

// Codes of mistakes.
const (
	Syntax   Code = "syntax"   // the file is not the YAML that a policy uses
	Form     Code = "form"     // a key, a type or the form of a value
	Relation Code = "relation" // values that don't fit together
)

// Codes of warnings.
const (
	UnknownRegion    Code = "unknown-region"
	UndeclaredBlocks Code = "undeclared-blocks"
	AllProtocols     Code = "all-protocols"
	AnySource        Code = "any-source"
	UnusedDepartment Code = "unused-department"
	NoAllow          Code = "no-allow"
	SharedBlock      Code = "shared-block"
	SingleVPC        Code = "single-vpc"
)

// Kind describes the mistakes or warnings of one code.
type Kind struct {
	Code        Code
	IsWarning   bool
	Description string
}

// Kinds returns the kinds of all mistakes and warnings, mistakes first.
func Kinds() []Kind {
	return []Kind{
		{Syntax, false, "The file is not the YAML that a policy uses."},
		{Form, false, "A key is unknown or missing, or a value has the wrong type or form."},
		{Relation, false, "Values of the file don't fit together."},
		{UnknownRegion, true, "A Region is not among the known Regions of its partition."},
		{UndeclaredBlocks, true, "A VPC has no cidrs, so its owner decides which blocks are routed and admitted."},
		{AllProtocols, true, "All protocols are allowed from a department whose blocks are not declared."},
		{AnySource, true, "A source includes every address of its family, so it limits nothing."},
		{UnusedDepartment, true, "A department is in no peering."},
		{NoAllow, true, "A peering has no allow entry, so autopeer makes routes and no ingress rules."},
		{SharedBlock, true, "Two third parties declare the same block, and a route table has only one route to it."},
		{SingleVPC, true, "A peering of a department with itself connects nothing, because the department has one VPC."},
	}
}
