package mutation

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// finder collects the possible changes in one declaration.
type finder struct {
	source []byte
	offset func(token.Pos) int
	edits  []edit
}

func (f *finder) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.StructType: // tags aren't constants
		return false
	case *ast.FuncDecl:
		f.results(n.Type, n.Body)
	case *ast.FuncLit:
		f.results(n.Type, n.Body)
	case ast.Stmt:
		f.statement(n)
	case ast.Expr:
		f.expression(n)
	}
	return true
}

func (f *finder) statement(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.IfStmt:
		f.decide(s.Cond)
	case *ast.ForStmt:
		f.decide(s.Cond)
	case *ast.SwitchStmt:
		f.clauses(s.Body, s.Tag == nil)
	case *ast.TypeSwitchStmt:
		f.clauses(s.Body, false)
	case *ast.BlockStmt:
		f.remove(s.List)
	case *ast.CaseClause:
		f.remove(s.Body)
	case *ast.CommClause:
		f.remove(s.Body)
	}
}

func (f *finder) expression(x ast.Expr) {
	switch x := x.(type) {
	case *ast.BinaryExpr:
		f.binary(x)
	case *ast.UnaryExpr:
		if x.Op == token.NOT {
			f.decide(x.X)
		}
	case *ast.BasicLit:
		f.literal(x)
	case *ast.Ident:
		if opposite, ok := map[string]string{"true": "false", "false": "true"}[x.Name]; ok {
			f.replace(x, opposite)
		}
	case *ast.CompositeLit:
		f.leaveOut(x)
	}
}

// results replaces the bool results of a function by true and false. Functions inside are handled separately.
func (f *finder) results(signature *ast.FuncType, body *ast.BlockStmt) {
	booleans := booleanResults(signature)
	if body == nil || !slices.Contains(booleans, true) {
		return
	}
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			for i, x := range n.Results {
				if len(n.Results) == len(booleans) && booleans[i] {
					f.decide(x)
				}
			}
		}
		return true
	})
}

func booleanResults(signature *ast.FuncType) []bool {
	if signature.Results == nil {
		return nil
	}
	var all []bool
	for _, field := range signature.Results.List {
		name, isName := field.Type.(*ast.Ident)
		for range max(1, len(field.Names)) {
			all = append(all, isName && name.Name == "bool")
		}
	}
	return all
}

// decide makes a condition always true, and always false. Its operands are still evaluated, so that no variable is
// unused. Conditions of several parts are left to their parts, and comparisons to binary.
func (f *finder) decide(x ast.Expr) {
	switch x := x.(type) {
	case nil:
	case *ast.ParenExpr:
		f.decide(x.X)
	case *ast.BinaryExpr:
	case *ast.UnaryExpr:
	case *ast.Ident:
		if x.Name != "true" && x.Name != "false" {
			f.settle(x)
		}
	default:
		f.settle(x)
	}
}

func (f *finder) settle(x ast.Expr) {
	text := f.text(x)
	f.add(x, "("+text+" || true)", short(text)+" → true")
	f.add(x, "("+text+" && false)", short(text)+" → false")
}

// others are the operators that an operator is changed to.
var others = map[token.Token]token.Token{
	token.LSS: token.LEQ, token.LEQ: token.LSS, token.GTR: token.GEQ, token.GEQ: token.GTR,
	token.ADD: token.SUB, token.SUB: token.ADD, token.MUL: token.QUO, token.QUO: token.MUL, token.REM: token.MUL,
	token.AND: token.OR, token.OR: token.AND, token.SHL: token.SHR, token.SHR: token.SHL,
}

func (f *finder) binary(x *ast.BinaryExpr) {
	switch x.Op {
	case token.LAND, token.LOR:
		f.decide(x.X)
		f.decide(x.Y)
	case token.EQL, token.NEQ, token.LSS, token.LEQ, token.GTR, token.GEQ:
		f.settle(x)
	}
	if other, ok := others[x.Op]; ok {
		f.replace(x, f.text(x.X)+" "+other.String()+" "+f.text(x.Y))
	}
}

func (f *finder) literal(x *ast.BasicLit) {
	switch {
	case x.Kind == token.INT || x.Kind == token.FLOAT:
		f.add(x, "("+x.Value+" + 1)", x.Value+" → "+x.Value+" + 1")
	case x.Kind == token.STRING && len(x.Value) > len(`""`):
		f.replace(x, `""`)
	case x.Kind == token.STRING:
		f.replace(x, `"?"`)
	}
}

// leaveOut drops one field of a struct, or one key of a map.
func (f *finder) leaveOut(x *ast.CompositeLit) {
	for i, e := range x.Elts {
		if _, ok := e.(*ast.KeyValueExpr); !ok {
			continue
		}
		end := x.Rbrace
		if i+1 < len(x.Elts) {
			end = x.Elts[i+1].Pos()
		}
		f.edits = append(f.edits, edit{f.offset(e.Pos()), f.offset(end), "", "without " + short(f.text(e))})
	}
}

// clauses decides the conditions of a switch, and drops the values of one that compares a tag or a type.
func (f *finder) clauses(body *ast.BlockStmt, conditions bool) {
	for _, s := range body.List {
		c := s.(*ast.CaseClause)
		if conditions && c.List != nil {
			for _, x := range c.List {
				f.decide(x)
			}
			continue
		}
		head := string(f.source[f.offset(c.Case):f.offset(c.Colon)])
		f.add(c, "", "without "+short(head))
	}
}

// remove drops one statement. Of an assignment the right side is still evaluated.
func (f *finder) remove(list []ast.Stmt) {
	for _, s := range list {
		switch s := s.(type) {
		case *ast.ExprStmt, *ast.SendStmt, *ast.IncDecStmt, *ast.GoStmt, *ast.DeferStmt, *ast.BranchStmt:
			f.add(s, "", "without "+short(f.text(s)))
		case *ast.AssignStmt:
			if s.Tok == token.DEFINE {
				continue
			}
			nowhere := strings.Repeat("_, ", len(s.Lhs)-1) + "_ = "
			from, to := f.offset(s.Rhs[0].Pos()), f.offset(s.End())
			f.add(s, nowhere+string(f.source[from:to]), "without "+short(f.text(s)))
		}
	}
}

func (f *finder) replace(n ast.Node, text string) {
	f.add(n, text, short(f.text(n))+" → "+short(text))
}

func (f *finder) add(n ast.Node, text, change string) {
	f.edits = append(f.edits, edit{f.offset(n.Pos()), f.offset(n.End()), text, change})
}

func (f *finder) text(n ast.Node) string {
	return string(f.source[f.offset(n.Pos()):f.offset(n.End())])
}
