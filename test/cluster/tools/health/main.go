// Judges resources as the programs that deploy them do: kstatus as a library (Helm, Flux), Flux's own evaluation of
// healthCheckExprs, and Argo CD's health checks in its Lua interpreter. It reads requests as JSON lines from standard
// input, and answers each with one line.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/fluxcd/pkg/apis/kustomize"
	"github.com/fluxcd/pkg/runtime/cel"
	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

type request struct {
	Object json.RawMessage                   `json:"object"`
	Exprs  *kustomize.HealthCheckExpressions `json:"exprs"`
	Lua    string                            `json:"lua"`
}

type answer struct {
	Kstatus string `json:"kstatus"`
	Flux    string `json:"flux,omitempty"`
	Argo    string `json:"argo,omitempty"`
	Message string `json:"message,omitempty"`
}

func main() {
	lines := bufio.NewReader(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	decoder := json.NewDecoder(lines)
	for decoder.More() {
		var asked request
		if err := decoder.Decode(&asked); err != nil {
			fail(err)
		}
		judged, err := judge(asked)
		if err != nil {
			fail(err)
		}
		if err := out.Encode(judged); err != nil {
			fail(err)
		}
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func judge(asked request) (answer, error) {
	var said answer
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(asked.Object); err != nil {
		return said, err
	}
	result, err := status.Compute(object)
	if err != nil {
		return said, err
	}
	said.Kstatus = result.Status.String()
	if asked.Exprs != nil {
		evaluator, err := cel.NewStatusEvaluator(asked.Exprs)
		if err != nil {
			return said, err
		}
		byExprs, err := evaluator.Evaluate(context.Background(), object)
		if err != nil {
			return said, err
		}
		said.Flux = byExprs.Status.String()
	}
	if asked.Lua != "" {
		said.Argo, said.Message, err = byLua(asked.Lua, object.Object)
	}
	return said, err
}

// Argo CD opens these libraries only, with the object as the global obj.
func byLua(script string, object map[string]any) (string, string, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range map[string]lua.LGFunction{
		lua.LoadLibName: lua.OpenPackage, lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable,
	} {
		state.Push(state.NewFunction(open))
		state.Push(lua.LString(name))
		state.Call(1, 0)
	}
	state.SetGlobal("obj", valueOf(state, object))
	if err := state.DoString(script); err != nil {
		return "", "", err
	}
	table, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		return "", "", fmt.Errorf("the health check answers no table")
	}
	return lua.LVAsString(table.RawGetString("status")), lua.LVAsString(table.RawGetString("message")), nil
}

func valueOf(state *lua.LState, value any) lua.LValue {
	switch value := value.(type) {
	case bool:
		return lua.LBool(value)
	case int64:
		return lua.LNumber(value)
	case float64:
		return lua.LNumber(value)
	case string:
		return lua.LString(value)
	case []any:
		table := state.CreateTable(len(value), 0)
		for _, each := range value {
			table.Append(valueOf(state, each))
		}
		return table
	case map[string]any:
		table := state.CreateTable(0, len(value))
		for key, each := range value {
			table.RawSetString(key, valueOf(state, each))
		}
		return table
	}
	return lua.LNil
}
