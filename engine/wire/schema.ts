/**
 * A FlatBuffers schema as the verifier reads it: generated from the `.fbs` files beside the accessors.
 * Sizes and offsets are bytes.
 */

/** A scalar field, by its size (alignment equals size). */
export interface ScalarField {
  readonly type: "scalar";
  readonly size: 1 | 2 | 4 | 8;
  /** Floating point: NaN and infinities are refused. */
  readonly isFloat: boolean;
}
export interface StringField {
  readonly type: "string";
}
export interface StructField {
  readonly type: "struct";
  readonly size: number;
  readonly align: number;
  /** Where the struct holds floating point numbers: they too may not be NaN or infinite. */
  readonly floats?: readonly { readonly offset: number; readonly size: 4 | 8 }[];
}
export interface TableField {
  readonly type: "table";
  readonly table: () => TableSchema;
}
export interface VectorField {
  readonly type: "vector";
  readonly of: ScalarField | StringField | StructField | TableField;
}
export type FieldShape = ScalarField | StringField | StructField | TableField | VectorField;

export interface TableFieldSchema {
  readonly name: string;
  /** Offset of the field's entry in the vtable: 4, 6, 8 … */
  readonly vtableOffset: number;
  readonly isRequired: boolean;
  readonly shape: FieldShape;
}

export interface TableSchema {
  readonly name: string;
  readonly fields: readonly TableFieldSchema[];
}
