(module
  (memory (export "memory") 1)

  ;; Copies `bytes`, a multiple of 64, from one address to another, 64 at a time.
  (func (export "copy") (param $to i32) (param $from i32) (param $bytes i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $from) (local.get $bytes)))
    (loop $again
      (v128.store offset=0 (local.get $to) (v128.load offset=0 (local.get $from)))
      (v128.store offset=16 (local.get $to) (v128.load offset=16 (local.get $from)))
      (v128.store offset=32 (local.get $to) (v128.load offset=32 (local.get $from)))
      (v128.store offset=48 (local.get $to) (v128.load offset=48 (local.get $from)))
      (local.set $to (i32.add (local.get $to) (i32.const 64)))
      (br_if $again (i32.lt_u (local.tee $from (i32.add (local.get $from) (i32.const 64))) (local.get $end)))))

  ;; 12 independent float32x4 sums of products in registers: what simd128 can do without memory.
  ;; peak(n) does n * 12 * 8 floating-point operations.
  (func (export "peak") (param $n i32) (param $x f32) (result f32)
    (local $b v128)
    (local $s0 v128) (local $s1 v128) (local $s2 v128) (local $s3 v128) (local $s4 v128) (local $s5 v128)
    (local $s6 v128) (local $s7 v128) (local $s8 v128) (local $s9 v128) (local $s10 v128) (local $s11 v128)
    (local.set $b (f32x4.splat (local.get $x)))
    (loop $again
      ;; The product changes every time, so that nothing is hoisted out of the loop.
      (local.set $s0 (f32x4.add (local.get $b) (f32x4.mul (local.get $s0) (local.get $b))))
      (local.set $s1 (f32x4.add (local.get $b) (f32x4.mul (local.get $s1) (local.get $b))))
      (local.set $s2 (f32x4.add (local.get $b) (f32x4.mul (local.get $s2) (local.get $b))))
      (local.set $s3 (f32x4.add (local.get $b) (f32x4.mul (local.get $s3) (local.get $b))))
      (local.set $s4 (f32x4.add (local.get $b) (f32x4.mul (local.get $s4) (local.get $b))))
      (local.set $s5 (f32x4.add (local.get $b) (f32x4.mul (local.get $s5) (local.get $b))))
      (local.set $s6 (f32x4.add (local.get $b) (f32x4.mul (local.get $s6) (local.get $b))))
      (local.set $s7 (f32x4.add (local.get $b) (f32x4.mul (local.get $s7) (local.get $b))))
      (local.set $s8 (f32x4.add (local.get $b) (f32x4.mul (local.get $s8) (local.get $b))))
      (local.set $s9 (f32x4.add (local.get $b) (f32x4.mul (local.get $s9) (local.get $b))))
      (local.set $s10 (f32x4.add (local.get $b) (f32x4.mul (local.get $s10) (local.get $b))))
      (local.set $s11 (f32x4.add (local.get $b) (f32x4.mul (local.get $s11) (local.get $b))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (f32x4.extract_lane 0
      (f32x4.add
        (f32x4.add
          (f32x4.add (f32x4.add (local.get $s0) (local.get $s1)) (f32x4.add (local.get $s2) (local.get $s3)))
          (f32x4.add (f32x4.add (local.get $s4) (local.get $s5)) (f32x4.add (local.get $s6) (local.get $s7))))
        (f32x4.add (f32x4.add (local.get $s8) (local.get $s9)) (f32x4.add (local.get $s10) (local.get $s11)))))))
